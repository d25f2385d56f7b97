// The latent space: where codes lie, and the decoder at any point of it.
"use strict";

/** Dimensions that have a slider at once, and at all. */
const [FEW_SLIDERS, MOST_SLIDERS] = [6, 64];

/** Dimensions that can be chosen as axes. */
const MOST_AXES = 64;

/** Classes with a look of their own; steps of a ramp; classes that are named among the points. */
const [MOST_CLASSES, STEPS, MOST_NAMED] = [40, 32, 24];

/** Examples in a strip. */
const IN_STRIP = 7;

/** Milliseconds of rest before a point is decoded as every class. */
const REST = 150;

class Latent {
  constructor(contents, examples, decoder, array) {
    const { codes } = contents;
    Object.assign(this, { contents, examples, decoder });
    this.width = codes.width;
    this.codes = array(codes.values);
    this.order = codes.strength.map((_, i) => i).sort((a, b) => codes.strength[b] - codes.strength[a]);
    const [axes, origin] = codes.axes ? codes.axes.map(array) : [];
    this.principal = axes && [0, 1].map((k) => ({ weights: rowOf(axes, k, this.width), origin: origin[k] }));
    this.code = Float64Array.from(rowOf(this.codes, 0, this.width));
    this.label = examples.label(0);
    this.example = 0;
    this.ends = [null, null];
    this.scatter = new Scatter(byId("scatter"), { seen: (i) => this.see(i), picked: (x, y) => this.pick(x, y) });
    this.offerAxes();
    this.offerColours();
    this.offerPoints();
    this.offerKeys();
    this.place();
    this.see(0);
    this.take();
  }

  reconstruct(i) {
    return this.decoder && this.decoder.decode(rowOf(this.codes, i, this.width), this.examples.label(i));
  }

  // Axes

  offerAxes() {
    const dimensions = this.order.slice(0, MOST_AXES).map((d) => [`z${d + 1}`, `z${d + 1}`]);
    const principal = this.principal ? [["pc1", "PCA 1"], ["pc2", "PCA 2"]] : [];
    const all = [...principal, ...dimensions.sort((a, b) => a[0].slice(1) - b[0].slice(1))];
    const others = [["loss", "loss"], ["score", this.contents.score]].filter(([key, name]) => key !== name || key === "loss");
    for (const [id, more] of [["across", []], ["up", others]]) {
      byId(id).append(...[...all, ...more].map(([value, text]) => element("option", { value }, text)));
      byId(id).addEventListener("change", () => this.place());
    }
    byId("across").value = this.principal ? "pc1" : "z1";
    byId("up").value = this.principal ? "pc2" : this.width > 1 ? "z2" : "loss";
  }

  /** An axis by its key: what a code has along it, and the weights of its dimensions. */
  axis(key) {
    if (key === "loss" || key === "score") {
      const values = key === "loss" ? this.examples.losses : this.examples.scores;
      return { values, name: key === "loss" ? "loss" : this.contents.score };
    }
    const isPrincipal = key.startsWith("pc");
    const number = Number(key.slice(isPrincipal ? 2 : 1)) - 1;
    const { weights, origin } = isPrincipal
      ? this.principal[number]
      : { weights: Float64Array.from({ length: this.width }, (_, d) => +(d === number)), origin: 0 };
    const of = (code) => code.reduce((sum, z, d) => sum + z * weights[d], origin);
    const values = isPrincipal
      ? Float32Array.from(this.examples.rows, (_, i) => of(rowOf(this.codes, i, this.width)))
      : Float32Array.from(this.examples.rows, (_, i) => this.codes[i * this.width + number]);
    return { values, weights, of, name: isPrincipal ? `principal component ${number + 1}` : key };
  }

  place() {
    this.axes = ["across", "up"].map((id) => this.axis(byId(id).value));
    const [x, y] = this.axes;
    this.scatter.place(x.values, y.values, [x.name, y.name]);
    this.nameGroups();
    this.mark();
  }

  /** Moves the code within the plane that is shown. */
  pick(...to) {
    this.axes.forEach(({ weights, of }, k) => {
      if (!weights) return;
      const move = to[k] - of(this.code);
      this.code = this.code.map((z, d) => z + move * weights[d]);
    });
    this.decode();
  }

  mark() {
    const at = (code, text) => {
      const [x, y] = this.axes.map((axis) => (axis.of ? axis.of(code) : axis.values[this.example]));
      return { x, y, text };
    };
    const ends = this.ends.map((end, k) => end && at(end.code, "AB"[k])).filter(Boolean);
    this.scatter.marks = this.decoder ? [...ends, at(this.code, "")] : [];
    this.scatter.redraw();
  }

  // Colours

  offerColours() {
    const { examples } = this;
    const select = byId("colour");
    const offer = (value, text) => select.append(element("option", { value }, text));
    const hasClasses = examples.classes && examples.class_names.length <= MOST_CLASSES;
    if (hasClasses) offer("class", "class");
    offer("loss", "loss");
    if (this.contents.score !== "loss") offer("score", this.contents.score);
    if (examples.layout.kind === "row") {
      examples.layout.columns.slice(0, 200).forEach(({ name }, i) => offer(String(i), name));
    }
    const firstLevels = (examples.layout.columns || []).findIndex((column) => column.levels && column.levels.length <= MOST_CLASSES);
    if (!hasClasses && firstLevels >= 0) select.value = String(firstLevels);
    select.addEventListener("change", () => this.colour());
    this.colour();
  }

  colour() {
    const { examples, scatter } = this;
    const key = byId("colour").value;
    scatter.hidden.clear();
    this.groupNames = null;
    const column = examples.layout.columns && examples.layout.columns[key];
    if (key === "class") {
      this.byClass(examples.classes, examples.class_names);
    } else if (column && column.levels) {
      const levels = Uint16Array.from(examples.column(Number(key)), (x) => (Number.isFinite(x) ? Math.round(x) : column.levels.length));
      this.byClass(levels, [...column.levels, "missing"]);
    } else {
      const values = key === "loss" ? examples.losses : key === "score" ? examples.scores : examples.column(Number(key));
      this.byNumber(values, (x) => (column ? examples.cell(Number(key), x) : words(x)));
    }
    this.nameGroups();
  }

  byClass(groups, names) {
    const looks = names.map((name, i) => ({ name, colour: PALETTE[i % PALETTE.length], shape: i % SHAPES.length }));
    this.groupNames = names;
    this.scatter.paint(groups, looks);
    const counts = new Array(names.length).fill(0);
    for (const group of groups) counts[group]++;
    const chips = looks.map((look, i) => {
      const icon = svg("svg", { viewBox: "-8 -8 16 16", class: "icon" }, svgShape(look));
      const chip = element("button", { type: "button", className: "chip" }, icon, look.name, " ", element("small", {}, counted(counts[i])));
      chip.setAttribute("aria-pressed", "true");
      chip.addEventListener("click", () => this.toggle(i, chip));
      return chip;
    });
    byId("legend").replaceChildren(...chips.filter((_, i) => counts[i]));
  }

  toggle(group, chip) {
    const { hidden } = this.scatter;
    const isHidden = hidden.has(group);
    if (isHidden) hidden.delete(group);
    else hidden.add(group);
    chip.setAttribute("aria-pressed", String(isHidden));
    this.scatter.redraw();
  }

  byNumber(values, text) {
    const [low, high] = [quantile(values, 0.01), quantile(values, 0.99)];
    const step = (x) => Math.round(Math.max(0, Math.min(1, (x - low) / (high - low || 1))) * (STEPS - 1));
    const groups = Uint16Array.from(values, (x) => (Number.isFinite(x) ? step(x) : STEPS));
    const looks = Array.from({ length: STEPS }, (_, i) => ({ colour: ramp(i / (STEPS - 1)), shape: 0 }));
    this.scatter.paint(groups, [...looks, { colour: "#888888", shape: 3 }]);
    const scale = element("span", { className: "scale" });
    scale.style.background = `linear-gradient(90deg, ${[0, 0.2, 0.4, 0.6, 0.8, 1].map(ramp).join(", ")})`;
    byId("legend").replaceChildren(element("span", { className: "ramp" }, text(low), scale, text(high)));
  }

  /** Writes the names of groups where these are. */
  nameGroups() {
    const { scatter, groupNames } = this;
    scatter.labels = [];
    if (!groupNames || groupNames.length > MOST_NAMED || !scatter.x.length) return;
    const members = groupNames.map(() => []);
    scatter.groups.forEach((group, i) => members[group].push(i));
    members.forEach((own, group) => {
      if (!own.length) return;
      const [x, y] = [scatter.x, scatter.y].map((all) => quantile(own.map((i) => all[i]), 0.5));
      scatter.labels.push({ x, y, text: groupNames[group].slice(0, 24), group });
    });
    scatter.redraw();
  }

  // Examples and the decoded point

  see(i) {
    const { examples } = this;
    this.example = i;
    const y = this.reconstruct(i);
    const x = examples.elements(i);
    byId("example-name").textContent = examples.name(i);
    const told = [examples.classes && `class ${examples.className(i)}`, `loss ${words(examples.losses[i])}`];
    if (this.contents.score !== "loss") told.push(`${this.contents.score} ${words(examples.scores[i])}`);
    byId("example-facts").textContent = told.filter(Boolean).join(" · ");
    byId("example").replaceChildren(examples.pair(x, y));
  }

  take() {
    this.code = Float64Array.from(rowOf(this.codes, this.example, this.width));
    this.label = this.examples.label(this.example);
    this.decode();
  }

  decode() {
    if (this.decoder) byId("decoded").replaceChildren(this.examples.one(this.decoder.decode(this.code, this.label)));
    const first = [...this.code].slice(0, 2).map((z) => z.toFixed(2).replace("-", "−"));
    byId("decoded-at").textContent = this.width <= 2 ? `(${first.join(", ")})` : "";
    byId("class").value = String(this.label);
    for (const { dimension, input, value } of this.sliders) {
      input.value = String(this.code[dimension]);
      value.textContent = this.code[dimension].toFixed(2).replace("-", "−");
    }
    this.showClasses();
    this.mark();
  }

  offerPoints() {
    const { codes } = this.contents;
    this.sliders = [];
    for (const id of ["decoded-card", "decoder-hint"]) byId(id).hidden = !this.decoder;
    if (!this.decoder) return;
    byId("class-choice").hidden = !codes.classes.length;
    byId("class").append(...codes.classes.map((name, value) => element("option", { value }, name)));
    byId("class").addEventListener("change", () => this.go({ code: this.code, label: Number(byId("class").value) }));
    byId("draw").hidden = !codes.has_prior;
    byId("draw").addEventListener("click", () => {
      const draws = Array.from({ length: IN_STRIP }, () => ({ code: this.code.map(() => normal()), label: this.label, title: "a draw from the prior" }));
      this.strip("draws", draws);
      this.go(draws[0]);
    });
    byId("take").addEventListener("click", () => this.take());
    this.offerSliders(FEW_SLIDERS);
    byId("more").addEventListener("click", () => {
      this.offerSliders(MOST_SLIDERS);
      this.decode();
    });
    ["a", "b"].forEach((end, k) => byId(`set-${end}`).addEventListener("click", () => this.setEnd(k)));
    byId("between").addEventListener("input", () => this.goBetween(Number(byId("between").value)));
    this.showLine();
  }

  offerSliders(most) {
    const { codes } = this.contents;
    const strongest = Math.max(...codes.strength, 1e-12);
    const column = (d) => Float32Array.from(this.examples.rows, (_, i) => this.codes[i * this.width + d]);
    this.sliders = this.order.slice(0, most).map((dimension) => {
      const own = column(dimension);
      let [min, max] = [quantile(own, 0.005), quantile(own, 0.995)];
      if (codes.has_prior) [min, max] = [Math.min(min, -3), Math.max(max, 3)];
      if (!(max > min)) [min, max] = [min - 1, min + 1];
      const input = element("input", { type: "range", min, max, step: (max - min) / 200 });
      const strength = codes.strength[dimension];
      const title = `${codes.measure}: ${words(strength)}`;
      input.setAttribute("aria-label", `z${dimension + 1}, ${title}`);
      const value = element("output");
      input.addEventListener("input", () => {
        this.code[dimension] = Number(input.value);
        this.decode();
      });
      const label = element("label", { className: "slider", title }, element("span", {}, `z${dimension + 1}`, bar(strength / strongest)), input, value);
      return { dimension, input, value, label };
    });
    byId("sliders").replaceChildren(...this.sliders.map((own) => own.label),
      ...(this.width > 1 ? [element("p", { className: "small" }, `Bars, and their order: ${codes.measure}.`)] : []));
    const rest = Math.min(this.width, MOST_SLIDERS) - this.sliders.length;
    byId("more").hidden = rest <= 0;
    byId("more").textContent = `Show ${rest} more dimensions`;
  }

  // Between two points

  go({ code, label }) {
    [this.code, this.label] = [code.slice(), label];
    this.decode();
  }

  /** Pictures of points, which take the decoded point there: { code, label, title }. */
  strip(id, points) {
    if (this.examples.layout.kind !== "picture") return;
    byId(id).style.setProperty("--columns", points.length > 10 ? IN_STRIP : points.length);
    byId(id).replaceChildren(...points.map((point) => {
      const made = this.examples.pixels(this.decoder.decode(point.code, point.label));
      const button = element("button", { type: "button", className: "step", title: point.title }, made);
      button.setAttribute("aria-label", point.title);
      button.addEventListener("click", () => this.go(point));
      return button;
    }));
  }

  /** The decoded point as every class, once it rests. */
  showClasses() {
    const { classes } = this.contents.codes;
    if (!classes.length || classes.length > 3 * IN_STRIP) return;
    clearTimeout(this.rests);
    this.rests = setTimeout(() =>
      this.strip("classes-here", classes.map((name, label) => ({ code: this.code, label, title: `as class ${name}` }))), REST);
  }

  setEnd(k) {
    this.ends[k] = { code: this.code.slice(), label: this.label };
    if (this.ends[0] && this.ends[1]) byId("between").value = String(k);
    this.showLine();
    this.mark();
  }

  between(t) {
    const [a, b] = this.ends;
    const code = a.code.map((z, d) => (1 - t) * z + t * b.code[d]);
    return { code, label: (t < 0.5 ? a : b).label, title: `${Math.round(100 * t)} % of the way from A to B` };
  }

  goBetween(t) {
    if (!this.ends[0] || !this.ends[1]) return;
    this.go(this.between(t));
    byId("between-value").textContent = t.toFixed(2);
  }

  showLine() {
    const isWhole = Boolean(this.ends[0] && this.ends[1]);
    byId("between-label").hidden = !isWhole;
    if (isWhole) this.strip("strip", Array.from({ length: IN_STRIP }, (_, i) => this.between(i / (IN_STRIP - 1))));
  }

  // Keys

  offerKeys() {
    const { scatter } = this;
    const canvas = scatter.canvas;
    canvas.setAttribute("aria-label", "Codes of the examples. Arrow keys move the decoded point, plus and minus zoom, Enter takes the nearest example.");
    byId("nearer").addEventListener("click", () => scatter.zoom(1.5));
    byId("farther").addEventListener("click", () => scatter.zoom(1 / 1.5));
    byId("fit").addEventListener("click", () => scatter.fit());
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const here = this.scatter.marks[this.scatter.marks.length - 1];
      const { scale, stretch = 1 } = scatter.view;
      const step = event.shiftKey ? 40 : 10;
      const move = moves[event.key];
      if (move && here) this.pick(here.x + (move[0] * step) / scale, here.y + (move[1] * step) / (scale * stretch));
      else if (event.key === "+" || event.key === "=") scatter.zoom(1.25);
      else if (event.key === "-") scatter.zoom(0.8);
      else if (event.key === "Enter" && here) this.takeNearest(here);
      else return;
      event.preventDefault();
    });
  }

  takeNearest({ x, y }) {
    const { index } = this.scatter.nearest(...this.scatter.toScreen(x, y));
    if (index < 0) return;
    this.see(index);
    this.take();
  }
}

/** A standard normal number (Box and Muller 1958). */
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

/** A class's shape as SVG. */
function svgShape({ colour: fill, shape: number }) {
  const points = [
    null, "-5,-5 5,-5 5,5 -5,5", "0,-6 6,5 -6,5", "0,-7 6,0 0,7 -6,0", "0,6 6,-5 -6,-5",
  ][number % SHAPES.length];
  return points ? svg("polygon", { points, fill }) : svg("circle", { r: 5.5, fill });
}

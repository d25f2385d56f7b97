// The examples, and how one is drawn: pixels, lines of a series, or cells of a row.
"use strict";

/** Columns of a row that are listed in a small room. */
const MOST_CELLS = 14;

class Examples {
  constructor(contents, array) {
    Object.assign(this, contents);
    for (const name of ["rows", "values", "classes", "labels", "losses", "scores"]) {
      this[name] = contents[name] && array(contents[name]);
    }
    this.count = this.rows.length;
    this.width = this.count ? this.values.length / this.count : 0;
    this.isBytes = this.values instanceof Uint8Array;
    if (this.layout.kind === "row") this.ranges = this.layout.columns.map((_, i) => this.rangeOf(i));
  }

  /** Elements of an example, in the data's own scale. */
  elements(i) {
    const own = rowOf(this.values, i, this.width);
    if (!this.isBytes) return own;
    const scale = (this.high - this.low) / 255;
    return Float32Array.from(own, (byte) => this.low + scale * byte);
  }

  /** What names an example. */
  name(i) {
    return this.names ? this.names[i] : counted(this.rows[i]);
  }

  className(i) {
    return this.classes && this.class_names[this.classes[i]];
  }

  label(i) {
    return this.labels ? this.labels[i] : 0;
  }

  column(index) {
    return Float32Array.from({ length: this.count }, (_, i) => this.values[i * this.width + index]);
  }

  rangeOf(index) {
    const own = this.column(index);
    const [low, high] = [quantile(own, 0.01), quantile(own, 0.99)];
    return high > low ? [low, high] : [low - 0.5, low + 0.5];
  }

  /** How a column writes a value. */
  cell(index, x) {
    const { kind, levels, decimals, offset = 0, format } = this.layout.columns[index];
    if (!Number.isFinite(x)) return "missing";
    if (levels) return levels[Math.max(0, Math.min(levels.length - 1, Math.round(x)))];
    if (kind === "date") {
      const date = new Date((x + offset) * 864e5);
      if (Number.isNaN(date.getTime())) return "–";
      return date.toISOString().slice(0, /%[HIT]/.test(format) ? 16 : 10).replace("T", " ");
    }
    const number = x + offset;
    return decimals === undefined ? String(+number.toPrecision(6)) : number.toFixed(decimals);
  }

  /** How far a cell is from its reconstruction, in shares of the column's range; 1 for another level. */
  deviation(index, x, y) {
    if (!Number.isFinite(x)) return 0;
    if (this.layout.columns[index].levels) return +(Math.round(x) !== Math.round(y));
    const [low, high] = this.ranges[index];
    return Math.abs(x - y) / (high - low);
  }

  /** One example alone. */
  one(x, title) {
    switch (this.layout.kind) {
      case "picture": return this.tile(this.pixels(x), title);
      case "series": return this.lines([[x, "first"]], title);
      default: return this.cells(x);
    }
  }

  /** An example beside what the decoder makes of it, where there is a decoder. */
  pair(x, y) {
    switch (this.layout.kind) {
      case "picture": {
        const tiles = [this.tile(this.pixels(x), "example")];
        if (y) tiles.push(this.tile(this.pixels(y), "reconstruction"), this.tile(this.errors(x, y), "error"));
        return element("div", { className: "tiles" }, ...tiles);
      }
      case "series": return this.lines(y ? [[x, "first"], [y, "second"]] : [[x, "first"]], "example and reconstruction");
      default: return this.cells(x, y);
    }
  }

  tile(canvas, title) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", title || "picture");
    return element("figure", { className: "tile" }, canvas, ...(title ? [element("figcaption", {}, title)] : []));
  }

  /** Calls `see(pixel, channels)` for the elements of every pixel. */
  eachPixel(x, see) {
    const { height, width, channels, channels_last } = this.layout;
    const own = new Float64Array(channels);
    for (let pixel = 0; pixel < height * width; pixel++) {
      for (let c = 0; c < channels; c++) own[c] = x[channels_last ? pixel * channels + c : c * height * width + pixel];
      see(pixel, own);
    }
  }

  canvas(paint) {
    const { height, width } = this.layout;
    const canvas = element("canvas", { width, height });
    const image = new ImageData(width, height);
    paint((pixel, colour) => image.data.set([...colour, 255], 4 * pixel));
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  pixels(x) {
    const scale = 255 / (this.high - this.low);
    const level = (own) => Math.round((own - this.low) * scale);
    return this.canvas((set) =>
      this.eachPixel(x, (pixel, own) => {
        const grey = own.reduce((sum, each) => sum + each, 0) / own.length;
        set(pixel, own.length === 3 ? [...own].map(level) : [level(grey), level(grey), level(grey)]);
      }));
  }

  /** Where a reconstruction errs: the root of the squared error, the largest white. */
  errors(x, y) {
    const errors = [];
    const difference = Float64Array.from(x, (own, i) => (own - y[i]) ** 2);
    this.eachPixel(difference, (pixel, own) => (errors[pixel] = Math.sqrt(own.reduce((sum, each) => sum + each, 0))));
    const most = errors.reduce((most, own) => Math.max(most, own), 1e-12);
    const heat = (share) => [0, 1, 2].map((start) => Math.round(255 * Math.max(0, Math.min(1, 3 * share - start))));
    return this.canvas((set) => errors.forEach((own, pixel) => set(pixel, heat(own / most))));
  }

  lines(sets, title) {
    const { steps, features } = this.layout;
    const charts = features.map((feature, f) => {
      const values = sets.map(([x]) => Array.from({ length: steps }, (_, step) => x[step * features.length + f]));
      const all = values.flat().filter(Number.isFinite);
      const [low, high] = [Math.min(...all), Math.max(...all)];
      const at = (x, step) => `${(300 * step) / Math.max(1, steps - 1)},${60 - (56 * (x - low)) / (high - low || 1)}`;
      const drawn = values.map((own, k) =>
        svg("polyline", { class: `line ${sets[k][1]}`, points: own.map((x, step) => at(Number.isFinite(x) ? x : low, step)).join(" ") }));
      const chart = svg("svg", { viewBox: "-2 0 304 64", class: "wave", role: "img", "aria-label": `${title}: ${feature}` }, ...drawn);
      return element("figure", {}, chart, element("figcaption", {}, `${feature}, ${words(low)} to ${words(high)}`));
    });
    return element("div", { className: "waves" }, ...charts);
  }

  /** The cells of a row, and of its reconstruction; in a small room those that differ most. */
  cells(x, y, most = MOST_CELLS) {
    const { columns } = this.layout;
    let shown = columns.map((_, i) => i);
    if (columns.length > most) {
      const strange = y ? shown.map((i) => this.deviation(i, x[i], y[i])) : shown.map((i) => -i);
      shown = shown.sort((a, b) => strange[b] - strange[a]).slice(0, most);
    }
    const cell = (i, value, className = "") => element("td", { className, title: this.cell(i, value) }, this.cell(i, value));
    const rows = shown.map((i) => {
      const track = element("span", { className: "track" });
      const mark = (value, className) => {
        const [low, high] = columns[i].levels ? [0, columns[i].levels.length - 1 || 1] : this.ranges[i];
        const own = element("span", { className: `mark ${className}` });
        own.style.left = `${Math.max(0, Math.min(1, (value - low) / (high - low))) * 100}%`;
        if (Number.isFinite(value)) track.append(own);
      };
      mark(x[i], "first");
      if (y) mark(y[i], "second");
      const differs = y && this.deviation(i, x[i], y[i]) > 0.2;
      const made = y ? [cell(i, y[i], differs ? "differs" : "")] : [];
      return element("tr", {}, element("th", { scope: "row" }, columns[i].name), cell(i, x[i]), ...made,
        element("td", { className: "tracked" }, track));
    });
    const table = element("table", { className: "cells" });
    if (y) table.append(element("thead", {}, element("tr", {}, ...["", "example", "reconstr.", ""].map((head) => element("th", {}, head)))));
    table.append(element("tbody", {}, ...rows));
    const rest = columns.length - shown.length;
    return element("div", {}, table, ...(rest ? [element("p", { className: "small" }, `and ${counted(rest)} more columns`)] : []));
  }
}

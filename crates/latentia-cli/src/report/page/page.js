// The page: what each section shows.
"use strict";

function showHead({ title, data, examples, codes, chain, quality, left_out, model, version }) {
  document.title = `${title} · Latentia`;
  byId("title").textContent = title;
  byId("data").textContent = `${things(examples.all, "example")} of ${data}`;
  const parameters = chain.reduce((sum, own) => sum + own.parameters, 0);
  const elements = chain[0].elements;
  facts(byId("facts"), [
    ["Example", chain[0].shape],
    ["Code", `${counted(codes.width)} of ${counted(elements)}`],
    ["Parameters", counted(parameters)],
    ...quality.measures.slice(1, 2).map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value]),
  ]);
  byId("left-out").textContent = left_out.length ? `Left out of this page: ${left_out.join("; ")}.` : "";
  byId("made").textContent = `Made by latentia ${version} of ${model}. Nothing in this page is sent anywhere.`;
}

function showQuality({ quality, score }) {
  const { measures, remarks, columns, components, classes } = quality;
  const [heads, ...rows] = measures;
  fillTable(byId("measures"), heads, rows.map((row) => [row[0].trim(), ...[row[1], row[2] || ""].map((own) => own.replace(/^-/, "−"))]));
  rows.forEach(([name], i) => name.startsWith(" ") && byId("measures").tBodies[0].rows[i].classList.add("part"));
  byId("remarks").append(...[...remarks, ...quality.histogram.warnings].map((text) => element("li", {}, text)));
  byId("histogram-title").textContent = score === "loss" ? "Losses" : "Anomaly scores";
  whenSized(byId("histogram"), () => histogram(byId("histogram"), quality.histogram, score));
  const { threshold, decided } = quality.histogram;
  byId("decided").textContent = threshold === null ? "Nothing is flagged: the model has no calibrated detector." : `Flagged: ${decided}.`;
  if (columns.length) {
    const table = element("table", { className: "numbers" });
    const share = ({ r2, accuracy }) => (r2 === undefined ? accuracy : r2);
    const cell = (own) => element("span", { className: "barred" }, bar(share(own)), element("output", {}, share(own) === undefined ? "–" : share(own).toFixed(3)));
    fillTable(table, ["Column", "measure", "model", `pca ${components}`, "rmse"], columns.map((own) => {
      const { r2, accuracy, rmse } = own;
      const model = { r2, accuracy };
      return [own.name, own.kind === "number" ? "R²" : "accuracy", cell(model), cell(own.pca), rmse === undefined ? "" : words(rmse)];
    }));
    byId("columns").append(element("h3", {}, "Columns"), element("div", { className: "scrolls" }, table));
  }
  if (classes.length > 1) {
    const most = Math.max(...classes.map((own) => own.loss));
    const table = element("table", { className: "numbers" });
    fillTable(table, ["Class", "examples", "mean loss"], classes.map((own) =>
      [own.name, counted(own.examples), element("span", { className: "barred" }, bar(own.loss / most), element("output", {}, words(own.loss)))]));
    byId("classes").append(element("h3", {}, "Classes, the worst first"), element("div", { className: "scrolls" }, table));
  }
}

function showStrangest({ strangest, score }, examples, latent) {
  byId("strangest-about").textContent = latent.decoder
    ? `The examples with the highest ${score}, each beside its reconstruction.`
    : `The examples with the highest ${score}.`;
  for (const { example, is_flagged, reasons } of strangest) {
    const head = element("h3", {}, examples.name(example));
    if (is_flagged) head.append(" ", element("span", { className: "flag" }, "flagged"));
    const told = [examples.classes && `class ${examples.className(example)}`, `${score} ${words(examples.scores[example])}`];
    const card = element("article", { className: "card" }, head,
      element("p", { className: "small" }, told.filter(Boolean).join(" · ")),
      examples.pair(examples.elements(example), latent.reconstruct(example), 8));
    if (reasons) card.append(element("p", { className: "reasons" }, reasons.replaceAll(" %", "\u00a0%")));
    byId("strange").append(card);
  }
}

/** The curves of a training by their names; what was measured of training and of validation makes two lines of one. */
function curvesOf(epochs) {
  const curves = new Map();
  for (const key of new Set(epochs.flatMap(Object.keys))) {
    if (key === "epoch") continue;
    const [, part, name] = /^(train_|validation_)?(.*)$/.exec(key);
    const isSecond = part === "validation_";
    const points = epochs.filter((own) => key in own).map((own) => [own.epoch, own[key]]);
    const line = { name: part ? (isSecond ? "validation" : "training") : name.replaceAll("_", " "), className: isSecond ? "second" : "first", points };
    curves.set(name, [...(curves.get(name) || []), line]);
  }
  return curves;
}

function showTraining({ epochs, loss_unit, history }) {
  facts(byId("history"), history);
  const curves = curvesOf(epochs);
  const names = [...curves.keys()].sort((a, b) => (b === "loss") - (a === "loss"));
  byId("curve").append(...names.map((value) => element("option", { value }, value.replaceAll("_", " "))));
  const told = (epoch) => {
    const own = epochs.find((each) => each.epoch === epoch);
    return own && own.learning_rate ? `epoch ${epoch}, learning rate ${words(own.learning_rate)}` : `epoch ${epoch}`;
  };
  const draw = () => {
    const name = byId("curve").value;
    const up = name === "loss" ? loss_unit : name.replaceAll("_", " ");
    lineChart(byId("losses"), curves.get(name) || [], { across: "epoch", up, isLog: byId("log").checked, told });
  };
  const choose = () => {
    const all = (curves.get(byId("curve").value) || []).flatMap((line) => line.points.map((point) => point[1]));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    byId("log").checked = low > 0 && high > 3 * low;
    byId("log").disabled = !(low > 0);
    draw();
  };
  byId("curve").addEventListener("change", choose);
  byId("log").addEventListener("change", draw);
  choose();
  whenSized(byId("losses"), draw);
}

function showChain({ chain }) {
  const most = Math.log2(1 + Math.max(...chain.map((own) => own.elements)));
  const rows = chain.map((own, i) => {
    const wide = element("span", { className: `layer ${own.part}` });
    wide.style.width = `${(100 * Math.log2(1 + own.elements)) / most}%`;
    const isFirst = i === 0 || chain[i - 1].part !== own.part;
    return [isFirst ? own.part : "", own.name, element("span", { className: "hourglass" }, wide), own.shape, own.parameters ? counted(own.parameters) : ""];
  });
  fillTable(byId("links"), ["Part", "layer", "", "output", "parameters"], rows);
}

function offerTheme(latent) {
  const root = document.documentElement;
  const show = () => {
    byId("theme").textContent = isDark() ? "Light" : "Dark";
    latent.colour();
  };
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
}

/** How far the decoder is from the program's, relative to values beyond 1, and how long it takes: what a browser's console, or a test, can ask. */
function compare({ check }, decoder, array) {
  if (!decoder) return null;
  const [codes, expected] = [array(check.codes), array(check.expected)];
  const [width, size] = [codes.length / check.labels.length, expected.length / check.labels.length];
  let difference = 0;
  const start = performance.now();
  check.labels.forEach((label, i) => {
    const made = decoder.decode(rowOf(codes, i, width), label);
    rowOf(expected, i, size).forEach((own, k) => (difference = Math.max(difference, Math.abs(own - made[k]) / Math.max(1, Math.abs(own)))));
  });
  return { difference, milliseconds: (performance.now() - start) / check.labels.length };
}

/** The decoder, where the page has one that it can run. */
function openDecoder({ decoder, left_out }, array) {
  try {
    return decoder && new Decoder(decoder, array);
  } catch (error) {
    left_out.push(`the decoder: ${error.message}`);
    return null;
  }
}

async function show() {
  const contents = JSON.parse(byId("contents").textContent);
  const array = await loadArrays(byId("arrays").textContent);
  byId("arrays").remove();
  const examples = new Examples(contents.examples, array);
  const decoder = openDecoder(contents, array);
  showHead(contents);
  const shown = things(examples.count, "code");
  byId("latent-about").textContent = decoder
    ? `${shown}. Point at one to see its example; click anywhere, or move a slider, and the decoder decodes that very point, here in this page.`
    : `${shown}. Point at one to see its example.`;
  const latent = new Latent(contents, examples, decoder, array);
  showQuality(contents);
  showStrangest(contents, examples, latent);
  showTraining(contents);
  showChain(contents);
  offerTheme(latent);
  document.documentElement.dataset.ready = "yes";
  window.report = { latent, compare: () => compare(contents, decoder, array) };
}

show().catch((error) => {
  byId("data").textContent = `This page cannot be shown: ${error.message}`;
  throw error;
});

// Elements of the page. Whatever comes from the contents is set as text, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);

/** An element with these properties, and children that are elements or text. */
function element(name, properties = {}, ...children) {
  const own = Object.assign(document.createElement(name), properties);
  own.append(...children);
  return own;
}

/** An element of SVG with these attributes. */
function svg(name, attributes = {}, ...children) {
  const own = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) own.setAttribute(key, value);
  own.append(...children);
  return own;
}

/** A number with as many digits as say something. */
function words(x) {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (!Number.isFinite(x)) return String(x);
  if (size >= 1e7 || size < 1e-4) return x.toExponential(2).replace("e+", "e").replace("-", "−");
  const digits = size >= 100 ? 1 : size >= 1 ? 3 : 4;
  return x.toFixed(digits).replace("-", "−");
}

/** A count with its thousands set apart. */
const counted = (n) => n.toLocaleString("en");

/** So many of a thing: `1 code`, `2 codes`. */
const things = (n, thing) => `${counted(n)} ${thing}${n === 1 ? "" : "s"}`;

/** A bar that fills a share of its room. */
function bar(share, className = "") {
  const fill = element("span", { className: `fill ${className}` });
  fill.style.width = `${Math.max(0, Math.min(1, share || 0)) * 100}%`;
  return element("span", { className: "bar" }, fill);
}

/** Names and what they are. */
function facts(list, pairs) {
  for (const [name, value] of pairs) {
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  }
}

/** A table: its heads, and rows of text or elements; all columns but the first are numbers. */
function fillTable(table, heads, rows) {
  const cells = (tag, row) => element("tr", {}, ...row.map((cell) => element(tag, {}, cell)));
  table.append(element("thead", {}, cells("th", heads)), element("tbody", {}, ...rows.map((row) => cells("td", row))));
}

/** A colour of the style. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Whether the page is dark: by the user's choice, else by the browser's. */
function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Colours that are told apart without colour vision too: those of Okabe and Ito 2008, the yellow darker, and grey for black. */
const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a800", "#7f7f7f"];

/** From dark blue over grey to yellow, even to every eye (cividis: Nuñez, Anderton and Renslow 2018). */
const RAMP = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]];

/** A colour of the ramp that stands out from the page, which is light or dark. */
function ramp(share) {
  const within = Math.max(0, Math.min(1, share));
  const at = (isDark() ? 0.25 + 0.75 * within : 0.92 * within) * (RAMP.length - 1);
  const from = Math.min(Math.floor(at), RAMP.length - 2);
  const mix = RAMP[from].map((own, i) => Math.round(own + (at - from) * (RAMP[from + 1][i] - own)));
  return `rgb(${mix.join(",")})`;
}

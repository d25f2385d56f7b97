// Curves and histograms, as SVG.
"use strict";

const HIGH = 300;
const ROOM = { left: 62, right: 14, top: 12, bottom: 40 };

/** About `count` round numbers from `low` to `high`. */
function ticks(low, high, count = 5) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((own) => own * power).find((own) => own >= rough);
  const from = Math.ceil(low / step - 1e-9);
  const own = [];
  for (let i = from; i * step <= high + 1e-9 * step; i++) own.push(+(i * step).toPrecision(12));
  return own;
}

/** A tick as it is written. */
const tickWords = (tick) => String(tick).replace("-", "−");

/** Powers of ten, and round numbers where there are few, between two positive ones. */
function logTicks(low, high) {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const factors = to - from > 3 ? [1] : to - from > 1 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 3, 4, 5, 6, 7, 8];
  const own = [];
  for (let power = from; power <= to; power++) own.push(...factors.map((factor) => +(factor * 10 ** power).toPrecision(12)));
  return own.filter((x) => x >= low && x <= high);
}

/** Draws into an element once it has a width, and anew whenever it has another width. */
function whenSized(host, draw) {
  let width = 0;
  new ResizeObserver(() => {
    if (!host.clientWidth || host.clientWidth === width) return;
    width = host.clientWidth;
    draw();
  }).observe(host);
}

/** Axes of a chart of some width, and functions from numbers to places on it. */
function axes(wide, [x0, x1], [y0, y1], { across, up, isLog = false, whole = false }) {
  const of = isLog ? Math.log : (y) => y;
  const x = (own) => ROOM.left + ((own - x0) / (x1 - x0 || 1)) * (wide - ROOM.left - ROOM.right);
  const y = (own) => HIGH - ROOM.bottom - ((of(own) - of(y0)) / (of(y1) - of(y0) || 1)) * (HIGH - ROOM.top - ROOM.bottom);
  const chart = svg("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "chart", role: "img" });
  for (const tick of isLog ? logTicks(y0, y1) : ticks(y0, y1)) {
    chart.append(
      svg("line", { class: "grid", x1: ROOM.left, x2: wide - ROOM.right, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "tick", x: ROOM.left - 8, y: y(tick) + 4, "text-anchor": "end" }, tickWords(tick)));
  }
  for (const tick of ticks(x0, x1, wide / 90).filter((own) => !whole || Number.isInteger(own))) {
    chart.append(svg("text", { class: "tick", x: x(tick), y: HIGH - ROOM.bottom + 18, "text-anchor": "middle" }, tickWords(tick)));
  }
  chart.append(
    svg("line", { class: "axis", x1: ROOM.left, x2: wide - ROOM.right, y1: HIGH - ROOM.bottom, y2: HIGH - ROOM.bottom }),
    svg("text", { class: "axis-name", x: (wide + ROOM.left - ROOM.right) / 2, y: HIGH - 4, "text-anchor": "middle" }, across),
    svg("text", { class: "axis-name", x: 12, y: HIGH / 2 - 14, "text-anchor": "middle", transform: `rotate(-90 12 ${HIGH / 2 - 14})` }, up));
  return { chart, x, y };
}

/** Lines over epochs: `lines` are { name, className, points: [[x, y]] }. What is pointed at is told below, `told` of its epoch. */
function lineChart(host, lines, { across, up, isLog, told }) {
  lines = lines.map((line) => ({ ...line, points: line.points.filter(([, y]) => Number.isFinite(y) && (!isLog || y > 0)) }));
  const [xs, ys] = [0, 1].map((k) => lines.flatMap((line) => line.points.map((point) => point[k])));
  const wide = host.clientWidth || 600;
  host.replaceChildren();
  if (!xs.length) return host.append(element("p", { className: "small" }, "No epoch was run."));
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const margin = 0.05 * (high - low || Math.abs(high) || 1);
  const range = isLog ? [low / 1.05, high * 1.05] : [low - margin, high + margin];
  const { chart, x, y } = axes(wide, [Math.min(...xs), Math.max(...xs, Math.min(...xs) + 1)], range, { across, up, isLog, whole: true });
  for (const { points, className } of lines) {
    chart.append(svg("polyline", { class: `line ${className}`, points: points.map(([a, b]) => `${x(a)},${y(b)}`).join(" ") }));
    if (points.length <= 40) for (const [a, b] of points) chart.append(svg("circle", { class: `dot ${className}`, cx: x(a), cy: y(b), r: 3 }));
  }
  const cursor = svg("line", { class: "cursor", y1: ROOM.top, y2: HIGH - ROOM.bottom, visibility: "hidden" });
  chart.append(cursor);
  const keys = lines.map(({ name, className }) => {
    const value = element("output");
    return { value, key: element("span", { className: `key ${className}` }, name, " ", value) };
  });
  const epoch = element("output");
  const point = (at) => {
    cursor.setAttribute("x1", x(at));
    cursor.setAttribute("x2", x(at));
    epoch.textContent = told(at);
    lines.forEach((line, i) => (keys[i].value.textContent = words((line.points.find(([own]) => own === at) || [])[1])));
  };
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * wide;
    const nearest = xs.reduce((best, own) => (Math.abs(x(own) - place) < Math.abs(x(best) - place) ? own : best));
    cursor.setAttribute("visibility", "visible");
    point(nearest);
  });
  point(Math.max(...xs));
  chart.setAttribute("aria-label", `${up} by ${across}: ${lines.map((line) => line.name).join(", ")}`);
  host.append(chart, element("p", { className: "keys" }, ...keys.map((own) => own.key), epoch));
}

/** How often values fall between equal steps from `low` to `high`, with a threshold where there is one. */
function histogram(host, { low, high, counts, threshold }, across) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return;
  const wide = host.clientWidth;
  const reach = threshold === null ? [low, high] : [Math.min(low, threshold), Math.max(high, threshold)];
  const { chart, x, y } = axes(wide, reach, [0, Math.max(...counts) * 1.05], { across, up: "examples" });
  const step = (high - low) / counts.length;
  const told = element("p", { className: "keys" });
  const say = (text) => (told.textContent = text);
  counts.forEach((count, i) => {
    const [from, to] = [low + i * step, low + (i + 1) * step];
    const isBeyond = threshold !== null && from >= threshold;
    const own = svg("rect", { class: isBeyond ? "beyond" : "count", x: x(from) + 0.5, width: Math.max(0.5, x(to) - x(from) - 1), y: y(count), height: y(0) - y(count) });
    own.addEventListener("pointerenter", () => say(`${words(from)} to ${words(to)}: ${counted(count)}`));
    chart.append(own);
  });
  if (threshold !== null) {
    const isRight = x(threshold) > wide - 160;
    chart.append(
      svg("line", { class: "threshold", x1: x(threshold), x2: x(threshold), y1: ROOM.top, y2: HIGH - ROOM.bottom }),
      svg("text", { class: "threshold-name", x: x(threshold) + (isRight ? -6 : 6), y: ROOM.top + 10, "text-anchor": isRight ? "end" : "start" }, `threshold ${words(threshold)}`));
  }
  chart.setAttribute("aria-label", `How many examples have which ${across}`);
  host.replaceChildren(chart, told);
}

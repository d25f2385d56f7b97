// Points that can be moved, zoomed and pointed at.
"use strict";

/** Shapes that tell classes apart beside their colours. */
const SHAPES = [
  (path, r) => path.arc(0, 0, r, 0, 2 * Math.PI),
  (path, r) => path.rect(-0.9 * r, -0.9 * r, 1.8 * r, 1.8 * r),
  (path, r) => polygon(path, [[0, -1.2 * r], [1.1 * r, 0.8 * r], [-1.1 * r, 0.8 * r]]),
  (path, r) => polygon(path, [[0, -1.3 * r], [1.1 * r, 0], [0, 1.3 * r], [-1.1 * r, 0]]),
  (path, r) => polygon(path, [[0, 1.2 * r], [1.1 * r, -0.8 * r], [-1.1 * r, -0.8 * r]]),
];

function polygon(path, points) {
  points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
}

/** The outline of class `number`. */
function shape(number, r) {
  const path = new Path2D();
  SHAPES[number % SHAPES.length](path, r);
  return path;
}

/** Pixels within which a pointer is at a point. */
const NEAR = 14;

class Scatter {
  /** `seen` is called with the example that is pointed at, `picked` with where a click was. */
  constructor(canvas, { seen, picked }) {
    Object.assign(this, { canvas, seen, picked });
    this.x = this.y = new Float32Array(0);
    this.names = ["", ""];
    this.groups = null;
    this.marks = [];
    this.labels = [];
    this.hidden = new Set();
    this.hover = -1;
    this.view = { x: 0, y: 0, scale: 1 };
    this.listen();
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  /** Sets where points are, and what the axes are called. */
  place(x, y, names) {
    Object.assign(this, { x, y, names });
    this.fit();
  }

  /** Sets which group each point is in, and what groups look like: { colour, shape, name }. */
  paint(groups, looks) {
    Object.assign(this, { groups, looks });
    this.stamps = null;
    this.redraw();
  }

  fit() {
    const { width, height } = this.size();
    const [x0, x1] = [quantile(this.x, 0.002), quantile(this.x, 0.998)];
    const [y0, y1] = [quantile(this.y, 0.002), quantile(this.y, 0.998)];
    const [across, up] = [x1 - x0 || 1, y1 - y0 || 1];
    const scale = [width / across, height / up].map((own) => 0.86 * own);
    // Equal units both ways, unless these are very different.
    const equal = Math.min(...scale);
    const isEqual = Math.max(...scale) < 4 * equal;
    this.view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: isEqual ? equal : scale[0], stretch: isEqual ? 1 : scale[1] / scale[0] };
    this.redraw();
  }

  size() {
    return { width: this.canvas.clientWidth || 600, height: this.canvas.clientHeight || 600 };
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.size();
    const isNew = !this.canvas.dataset.sized;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.dataset.sized = "yes";
    this.stamps = null;
    if (isNew) this.fit();
    this.draw();
  }

  /** From data to pixels of the style. */
  toScreen(x, y) {
    const { width, height } = this.size();
    const { scale, stretch = 1 } = this.view;
    return [width / 2 + (x - this.view.x) * scale, height / 2 - (y - this.view.y) * scale * stretch];
  }

  toData(x, y) {
    const { width, height } = this.size();
    const { scale, stretch = 1 } = this.view;
    return [this.view.x + (x - width / 2) / scale, this.view.y - (y - height / 2) / (scale * stretch)];
  }

  /** Zooms by a factor around a place on the screen, its middle unless one is said. */
  zoom(factor, at) {
    const { width, height } = this.size();
    const [x, y] = at || [width / 2, height / 2];
    const before = this.toData(x, y);
    this.view.scale *= factor;
    const after = this.toData(x, y);
    this.move(before[0] - after[0], before[1] - after[1]);
  }

  move(x, y) {
    this.view.x += x;
    this.view.y += y;
    this.redraw();
  }

  nearest(x, y) {
    let [best, distance] = [-1, Infinity];
    for (let i = 0; i < this.x.length; i++) {
      if (this.groups && this.hidden.has(this.groups[i])) continue;
      const [px, py] = this.toScreen(this.x[i], this.y[i]);
      const own = (px - x) ** 2 + (py - y) ** 2;
      if (own < distance) [best, distance] = [i, own];
    }
    return { index: best, distance: Math.sqrt(distance) };
  }

  listen() {
    const { canvas } = this;
    const pointers = new Map();
    let moved = 0;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const spread = () => {
      const [a, b] = [...pointers.values()];
      return Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
    };
    canvas.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, at(event));
      canvas.setPointerCapture(event.pointerId);
      moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const place = at(event);
      const last = pointers.get(event.pointerId);
      if (!last) return this.point(place);
      const { scale, stretch = 1 } = this.view;
      const before = pointers.size === 2 ? spread() : 0;
      pointers.set(event.pointerId, place);
      moved += Math.hypot(place[0] - last[0], place[1] - last[1]);
      if (before) return this.zoom(spread() / before, place);
      if (moved > 3) this.move((last[0] - place[0]) / scale, (place[1] - last[1]) / (scale * stretch));
    });
    const end = (event) => {
      const isClick = pointers.size === 1 && moved <= 3;
      pointers.delete(event.pointerId);
      if (isClick && event.type === "pointerup") this.picked(...this.toData(...at(event)));
    };
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, end);
    canvas.addEventListener("pointerleave", () => this.point(null));
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
      event.preventDefault();
      this.zoom(2 ** (-event.deltaY / 300), at(event));
    }, { passive: false });
  }

  point(place) {
    const found = place ? this.nearest(...place) : { index: -1 };
    const hover = found.distance < NEAR ? found.index : -1;
    if (hover === this.hover) return;
    this.hover = hover;
    if (hover >= 0) this.seen(hover);
    this.redraw();
  }

  redraw() {
    if (this.waits) return;
    this.waits = true;
    requestAnimationFrame(() => {
      this.waits = false;
      this.draw();
    });
  }

  /** The pixels of each group's point: how opaque they are, and the group's colour as canvases have it. */
  prepare(r, ratio) {
    if (this.stamps && this.stamps.r === r && this.stamps.ratio === ratio) return;
    const side = Math.ceil(2 * (1.4 * r + 1) * ratio);
    const context = element("canvas", { width: side, height: side }).getContext("2d", { willReadFrequently: true });
    context.setTransform(ratio, 0, 0, ratio, side / 2, side / 2);
    const list = this.looks.map((look) => {
      context.clearRect(-side, -side, 2 * side, 2 * side);
      context.fillStyle = look.colour;
      context.fill(shape(look.shape, r));
      const pixels = context.getImageData(0, 0, side, side).data;
      return Array.from({ length: side * side }, (_, i) => [i % side, Math.floor(i / side), ...pixels.subarray(4 * i, 4 * i + 4)])
        .filter(([, , , , , alpha]) => alpha > 0);
    });
    this.stamps = { r, ratio, side, list: list.map((own) => Int32Array.from(own.flat())) };
  }

  /** Stamps all points on a canvas of their own: pixel by pixel, which is faster than so many small pictures. */
  stamp(width, height, ratio) {
    const { view, stamps } = this;
    if (!this.layer || this.layer.width !== width || this.layer.height !== height) {
      this.layer = element("canvas", { width, height });
      this.image = new ImageData(width, height);
    }
    const data = this.image.data.fill(0);
    const [scaleX, scaleY] = [view.scale * ratio, view.scale * (view.stretch || 1) * ratio];
    const [left, top] = [(width - stamps.side) / 2 - view.x * scaleX, (height - stamps.side) / 2 + view.y * scaleY];
    for (let i = 0; i < this.x.length; i++) {
      const group = this.groups[i];
      if (this.hidden.size && this.hidden.has(group)) continue;
      const [x, y] = [Math.round(left + this.x[i] * scaleX), Math.round(top - this.y[i] * scaleY)];
      if (!(x > 0 && y > 0 && x < width - stamps.side && y < height - stamps.side)) continue;
      const pixels = stamps.list[group];
      for (let k = 0; k < pixels.length; k += 6) {
        const at = 4 * ((y + pixels[k + 1]) * width + x + pixels[k]);
        const alpha = pixels[k + 5];
        const below = data[at + 3] * (1 - alpha / 255);
        const all = alpha + below;
        for (let c = 0; c < 3; c++) data[at + c] = (pixels[k + 2 + c] * alpha + data[at + c] * below) / all;
        data[at + 3] = all;
      }
    }
    this.layer.getContext("2d").putImageData(this.image, 0, 0);
  }

  draw() {
    const { canvas, view } = this;
    const { width, height } = this.size();
    const ratio = canvas.width / width;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.groups) return;
    this.grid(context, width, height);
    const r = Math.max(1.8, Math.min(6, 60 / Math.sqrt(this.x.length) + 0.4 * Math.log2(1 + view.scale / 60)));
    this.prepare(Math.round(4 * r) / 4, ratio);
    this.stamp(canvas.width, canvas.height, ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.layer, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.annotate(context, r);
  }

  grid(context, width, height) {
    const [x0, y1] = this.toData(0, 0);
    const [x1, y0] = this.toData(width, height);
    context.strokeStyle = colour("line");
    context.fillStyle = colour("muted");
    context.font = "12px system-ui, sans-serif";
    context.lineWidth = 1;
    context.beginPath();
    for (const tick of ticks(x0, x1, 6)) {
      const x = Math.round(this.toScreen(tick, 0)[0]) + 0.5;
      context.moveTo(x, 0);
      context.lineTo(x, height);
      context.textAlign = "center";
      if (x > 40 && x < width - 20) context.fillText(tickWords(tick), x, height - 6);
    }
    for (const tick of ticks(y0, y1, 6)) {
      const y = Math.round(this.toScreen(0, tick)[1]) + 0.5;
      context.moveTo(0, y);
      context.lineTo(width, y);
      context.textAlign = "left";
      if (y > 40 && y < height - 30) context.fillText(tickWords(tick), 6, y - 4);
    }
    context.stroke();
    context.textAlign = "right";
    context.fillText(this.names[0], width - 8, height - 22);
    context.textAlign = "left";
    context.fillText(this.names[1], 6, 16);
  }

  annotate(context, r) {
    const paper = colour("panel");
    const ink = colour("ink");
    context.textAlign = "center";
    context.lineJoin = "round";
    context.font = "600 15px system-ui, sans-serif";
    const placed = [];
    for (const { x, y, text, group } of this.labels) {
      if (this.hidden.has(group)) continue;
      let [px, py] = this.toScreen(x, y);
      const half = context.measureText(text).width / 2;
      // Below those that it would cover.
      while (placed.some((own) => Math.abs(own.py - py) < 16 && Math.abs(own.px - px) < own.half + half)) py += 4;
      placed.push({ px, py, half });
      context.strokeStyle = paper;
      context.lineWidth = 4;
      context.strokeText(text, px, py + 5);
      context.fillStyle = ink;
      context.fillText(text, px, py + 5);
    }
    const ring = (x, y, radius, width) => {
      for (const [style, own] of [[paper, width + 3], [ink, width]]) {
        context.strokeStyle = style;
        context.lineWidth = own;
        context.beginPath();
        context.arc(x, y, radius, 0, 2 * Math.PI);
        context.stroke();
      }
    };
    if (this.hover >= 0) ring(...this.toScreen(this.x[this.hover], this.y[this.hover]), r + 4, 2);
    for (const { x, y, text } of this.marks) {
      const [px, py] = this.toScreen(x, y);
      ring(px, py, 9, 2.5);
      if (!text) {
        context.fillStyle = ink;
        context.fillRect(px - 1.5, py - 1.5, 3, 3);
        continue;
      }
      context.fillStyle = ink;
      context.beginPath();
      context.arc(px, py, 9, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = paper;
      context.font = "600 12px system-ui, sans-serif";
      context.fillText(text, px, py + 4.5);
    }
  }
}

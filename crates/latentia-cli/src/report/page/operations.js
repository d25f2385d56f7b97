// What a decoder computes: operations called and defined as in ONNX, of arrays without an axis of examples. Each is given its settings, its
// inputs as { data, shape }, and its output likewise, to write to.
"use strict";

const product = (sizes) => sizes.reduce((n, size) => n * size, 1);

/** Steps between elements of an array that is broadcast to another shape. */
function steps(shape, to) {
  const own = new Array(to.length).fill(0);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1) own[axis + to.length - shape.length] = step;
    step *= shape[axis];
  }
  return own;
}

/** Calls `see(i, offsets)` for each element of a shape, with where each of several arrays is read. */
function walk(shape, arrays, see) {
  const at = new Array(shape.length).fill(0);
  const offsets = new Array(arrays.length).fill(0);
  const size = product(shape);
  for (let i = 0; i < size; i++) {
    see(i, offsets);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const wraps = ++at[axis] === shape[axis];
      const move = wraps ? 1 - shape[axis] : 1;
      for (let k = 0; k < arrays.length; k++) offsets[k] += move * arrays[k][axis];
      if (!wraps) break;
      at[axis] = 0;
    }
  }
}

const map = (f) => (_, [x], y) => {
  for (let i = 0; i < y.data.length; i++) y.data[i] = f(x.data[i]);
};

const mapWith = (f) => (settings, [x], y) => map((own) => f(own, settings))(settings, [x], y);

/** Where each element of `shape` is read from an array that is broadcast to it. */
function broadcast(own, shape) {
  const places = new Int32Array(product(shape));
  walk(shape, [steps(own, shape)], (i, [at]) => (places[i] = at));
  return places;
}

/** Element by element of two or three arrays, which are broadcast; from where is found out once. */
const combine = (f) => (_, inputs, y) => {
  y.from ??= inputs.map((input) => (input.data.length === y.data.length ? null : broadcast(input.shape, y.shape)));
  const [a, b, c] = inputs.map((input) => input.data);
  const [fromA, fromB, fromC] = y.from;
  for (let i = 0; i < y.data.length; i++) {
    const x = a[fromA ? fromA[i] : i];
    const z = b[fromB ? fromB[i] : i];
    y.data[i] = c ? f(x, z, c[fromC ? fromC[i] : i]) : f(x, z);
  }
};

/** Of each run along an axis, its elements' start, distance and number. */
function along(shape, axis, see) {
  const [length, inner] = [shape[axis], product(shape.slice(axis + 1))];
  const outer = product(shape.slice(0, axis));
  for (let o = 0, run = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) see(run++, o * length * inner + i, inner, length);
  }
}

const reduce = (start, add, end = (sum) => sum) => (axis, [x], y) =>
  along(x.shape, axis, (run, from, step, length) => {
    let sum = start;
    for (let k = 0; k < length; k++) sum = add(sum, x.data[from + k * step]);
    y.data[run] = end(sum, length);
  });

const best = (isBetter) => (_, [x], y) =>
  along(x.shape, x.shape.length - 1, (run, from, step, length) => {
    let found = 0;
    for (let k = 1; k < length; k++) if (isBetter(x.data[from + k], x.data[from + found])) found = k;
    y.data[run] = found;
  });

/** Rows `[…, n]` by a weight `[n, m]`, and a bias where there is one. */
function matrixProduct(_, [x, weight, bias], y) {
  const [n, m] = weight.shape;
  const [w, out] = [weight.data, y.data];
  for (let row = 0; row < x.data.length / n; row++) {
    for (let j = 0; j < m; j++) out[row * m + j] = bias ? bias.data[j] : 0;
    for (let i = 0; i < n; i++) {
      const own = x.data[row * n + i];
      if (own === 0) continue;
      for (let j = 0, at = i * m, to = row * m; j < m; j++) out[to + j] += own * w[at + j];
    }
  }
}

/** The first and the last but one place of a window whose element, `offset` from its start, lies on a map of `size`. */
function reach(places, stride, offset, size) {
  const first = Math.max(0, Math.ceil(-offset / stride));
  return [first, Math.min(places, Math.floor((size - 1 - offset) / stride) + 1)];
}

/** Calls `see(element, row, column, rows, columns)` for each element of a window, with the places from which it lies on the map. */
function slide({ window, output }, [height, width], see) {
  const { kernel, stride, dilation, padding } = window;
  for (let ky = 0; ky < kernel[0]; ky++) {
    const row = ky * dilation[0] - padding[0][0];
    const rows = reach(output[0], stride[0], row, height);
    for (let kx = 0; kx < kernel[1]; kx++) {
      const column = kx * dilation[1] - padding[1][0];
      see(ky * kernel[1] + kx, row, column, rows, reach(output[1], stride[1], column, width));
    }
  }
}

/** Channels that are read at once: what is written is loaded and stored once for all of them. */
const AT_ONCE = 4;

/** A convolution; `isBack` that of which it is the gradient: the small map, which the other would write, is read, and the large one written. */
const convolution = (isBack) => (settings, [x, weight, bias], y) => {
  const { kernel, stride } = settings.window;
  const taps = kernel[0] * kernel[1];
  const [small, large] = isBack ? [x, y] : [y, x];
  const places = small.shape.slice(1);
  const [, height, width] = large.shape;
  const [areaX, areaY] = [x, y].map((map) => map.shape[1] * map.shape[2]);
  const [w, from, to] = [weight.data, x.data, y.data];
  // The weight is [out, in] of the convolution, whose output is the small map.
  const tapOf = (c, d) => (isBack ? c * weight.shape[1] + d : d * weight.shape[1] + c) * taps;
  const [rowX, rowY] = isBack ? [places[1], stride[0] * width] : [stride[0] * width, places[1]];
  const [stepX, stepY] = isBack ? [1, stride[1]] : [stride[1], 1];
  const sliding = { window: settings.window, output: places };
  for (let d = 0; d < y.shape[0]; d++) {
    to.fill(bias ? bias.data[d] : 0, d * areaY, (d + 1) * areaY);
    for (let c = 0; c < x.shape[0]; c += AT_ONCE) {
      // Of channels that are not there the last one, by zero.
      const [c1, c2, c3] = [1, 2, 3].map((k) => areaX * Math.min(k, x.shape[0] - 1 - c));
      slide(sliding, [height, width], (tap, row, column, rows, columns) => {
        const own = (k) => (c + k < x.shape[0] ? w[tapOf(c + k, d) + tap] : 0);
        const [w0, w1, w2, w3] = [own(0), own(1), own(2), own(3)];
        const onLarge = row * width + column;
        for (let i = rows[0]; i < rows[1]; i++) {
          let at = c * areaX + i * rowX + columns[0] * stepX + (isBack ? 0 : onLarge);
          let put = d * areaY + i * rowY + columns[0] * stepY + (isBack ? onLarge : 0);
          for (let j = columns[0]; j < columns[1]; j++) {
            to[put] += w0 * from[at] + w1 * from[at + c1] + w2 * from[at + c2] + w3 * from[at + c3];
            at += stepX;
            put += stepY;
          }
        }
      });
    }
  }
};

const pool = (start, add, isMean) => (settings, [x], y) => {
  const [channels, height, width] = x.shape;
  const [down, across] = settings.output;
  const counts = new Float64Array(down * across);
  y.data.fill(start);
  slide(settings, [height, width], (_, row, column, rows, columns) => {
    const { stride } = settings.window;
    for (let i = rows[0]; i < rows[1]; i++) {
      for (let j = columns[0]; j < columns[1]; j++) {
        counts[i * across + j]++;
        const at = (i * stride[0] + row) * width + j * stride[1] + column;
        for (let c = 0; c < channels; c++) {
          const to = (c * down + i) * across + j;
          y.data[to] = add(y.data[to], x.data[c * height * width + at]);
        }
      }
    }
  });
  if (isMean) y.data.forEach((sum, i) => (y.data[i] = sum / counts[i % counts.length]));
};

function normalise(x, y, scale, shift, moments, epsilon) {
  const area = x.data.length / x.shape[0];
  for (let c = 0; c < x.shape[0]; c++) {
    const [mean, variance] = moments(c, rowOf(x.data, c, area));
    const factor = scale.data[c] / Math.sqrt(variance + epsilon);
    for (let i = c * area; i < (c + 1) * area; i++) y.data[i] = (x.data[i] - mean) * factor + shift.data[c];
  }
}

function ownMoments(_, values) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return [mean, values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length];
}

/** Abramowitz and Stegun 1964, 7.1.26, to 1.5e-7. */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}

const copy = (_, [x], y) => y.data.set(x.data);

const OPERATIONS = {
  Abs: map(Math.abs),
  Cast: mapWith((x, to) => (to === "I64" || to === "U8" ? Math.trunc(x) : to === "Bool" ? +(x !== 0) : x)),
  Elu: map((x) => (x > 0 ? x : Math.expm1(x))),
  Erf: map(erf),
  Exp: map(Math.exp),
  Floor: map(Math.floor),
  IsNaN: map((x) => +Number.isNaN(x)),
  LeakyRelu: mapWith((x, { alpha }) => (x > 0 ? x : alpha * x)),
  Log: map(Math.log),
  Neg: map((x) => -x),
  Relu: map((x) => (x > 0 ? x : 0)),
  Sigmoid: map((x) => 1 / (1 + Math.exp(-x))),
  Sign: map(Math.sign),
  Softplus: map((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Sqrt: map(Math.sqrt),
  Tanh: map(Math.tanh),
  Add: combine((a, b) => a + b),
  Sub: combine((a, b) => a - b),
  Mul: combine((a, b) => a * b),
  Div: combine((a, b) => a / b),
  Max: combine(Math.max),
  Min: combine(Math.min),
  And: combine((a, b) => +(a && b)),
  Equal: combine((a, b) => +(a === b)),
  Greater: combine((a, b) => +(a > b)),
  Less: combine((a, b) => +(a < b)),
  Where: combine((condition, a, b) => (condition ? a : b)),
  Gemm: matrixProduct,
  MatMul: matrixProduct,
  Conv: convolution(false),
  ConvTranspose: convolution(true),
  MaxPool: pool(-Infinity, Math.max, false),
  AveragePool: pool(0, (a, b) => a + b, true),
  Resize: ([down, across], [x], y) => {
    const [, height, width] = y.shape;
    const own = x.shape[2];
    walk(y.shape, [[0, 0, 0]], (i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      const channel = Math.floor(row / height);
      const at = channel * (height / down) + Math.floor((row % height) / down);
      y.data[i] = x.data[at * own + Math.floor(column / across)];
    });
  },
  BatchNormalization: ({ epsilon }, [x, scale, shift, mean, variance], y) =>
    normalise(x, y, scale, shift, (c) => [mean.data[c], variance.data[c]], epsilon),
  InstanceNormalization: ({ epsilon }, [x, scale, shift], y) => normalise(x, y, scale, shift, ownMoments, epsilon),
  Reshape: copy,
  Transpose: (order, [x], y) => {
    const own = x.shape.map((_, axis) => product(x.shape.slice(axis + 1)));
    walk(y.shape, [order.map((axis) => own[axis])], (i, [at]) => (y.data[i] = x.data[at]));
  },
  Concat: (axis, inputs, y) => {
    const inner = product(y.shape.slice(axis + 1));
    const outer = product(y.shape.slice(0, axis));
    for (let o = 0, to = 0; o < outer; o++) {
      for (const { data, shape } of inputs) {
        const part = rowOf(data, o, shape[axis] * inner);
        y.data.set(part, to);
        to += part.length;
      }
    }
  },
  Slice: ([axis, [from, to]], [x], y) => {
    const inner = product(x.shape.slice(axis + 1));
    for (let o = 0; o < product(x.shape.slice(0, axis)); o++) {
      const part = rowOf(x.data, o, x.shape[axis] * inner).subarray(from * inner, to * inner);
      y.data.set(part, o * part.length);
    }
  },
  Pad: (_, [x], y) => {
    const [own, width] = [x.shape, y.shape].map((shape) => shape[shape.length - 1]);
    y.data.fill(0);
    for (let row = 0; row < x.data.length / own; row++) y.data.set(rowOf(x.data, row, own), row * width);
  },
  Gather: (axis, [x, indices], y) => {
    const [length, inner] = [x.shape[axis], product(x.shape.slice(axis + 1))];
    for (let o = 0, to = 0; o < product(x.shape.slice(0, axis)); o++) {
      for (const index of indices.data) {
        y.data.set(rowOf(x.data, o * length + index, inner), to);
        to += inner;
      }
    }
  },
  ReduceMean: reduce(0, (a, b) => a + b, (sum, n) => sum / n),
  ReduceSum: reduce(0, (a, b) => a + b),
  ReduceMax: reduce(-Infinity, Math.max),
  ArgMax: best((a, b) => a > b),
  ArgMin: best((a, b) => a < b),
};

// Numbers of the page: one deflated block of bytes, and views of it.
"use strict";

const ELEMENTS = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array };

/** From base64 to a function that finds an array by where it lies. */
async function loadArrays(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(inflated).arrayBuffer();
  return ({ type, offset, length }) => new ELEMENTS[type](buffer, offset, length);
}

/** Row `i` of an array of rows. */
const rowOf = (array, i, width) => array.subarray(i * width, (i + 1) * width);

/** The value below which a share of a list's finite numbers lies. */
function quantile(numbers, share) {
  const sorted = Float64Array.from(numbers).filter(Number.isFinite).sort();
  return sorted.length ? sorted[Math.round(share * (sorted.length - 1))] : NaN;
}

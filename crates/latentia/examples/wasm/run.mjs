// Encodes, decodes, reconstructs and trains with the model and the examples of a folder:
//
//     node run.mjs target/wasm32-unknown-unknown/release/examples/wasm.wasm FOLDER
//
// The folder has `model.safetensors` and `examples.f32`, and receives `encode.f32`, `decode.f32`, `reconstruct.f32` and `train.f32`:
// little-endian values, row after row. A page in a browser does the same with `fetch`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [program, folder] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(program), {});
const model = instance.exports;

function call(name, input) {
  const start = model.input(input.length);
  new Uint8Array(model.memory.buffer, start, input.length).set(input);
  const done = model[name]();
  // The memory may have moved meanwhile.
  const output = new Uint8Array(model.memory.buffer, model.output(), model.output_length());
  if (!done) throw new Error(`${name}: ${new TextDecoder().decode(output)}`);
  return output.slice();
}

call("load", readFileSync(join(folder, "model.safetensors")));
const examples = readFileSync(join(folder, "examples.f32"));
const write = (name, output) => writeFileSync(join(folder, `${name}.f32`), output);
const codes = call("encode", examples);
write("encode", codes);
write("decode", call("decode", codes));
write("reconstruct", call("reconstruct", examples));
write("train", call("train", examples));

// The decoder of the model: a graph of operations, run by number.
"use strict";

class Decoder {
  /** `graph` is that of the contents; `array` finds its weights. */
  constructor(graph, array) {
    this.values = graph.shapes.map((shape) => ({ shape, data: null }));
    for (const { value, array: place } of graph.constants) this.values[value].data = array(place);
    for (const { name, value } of graph.inputs) {
      this.values[value].data = new Float64Array(product(this.values[value].shape));
      this[name] = this.values[value].data;
    }
    this.nodes = graph.nodes.map(({ operation, inputs, output }) => {
      const [name, settings] = typeof operation === "string" ? [operation] : Object.entries(operation)[0];
      if (!OPERATIONS[name]) throw new Error(`the page cannot compute ${name}`);
      const out = this.values[output];
      out.data = new Float64Array(product(out.shape));
      return { run: OPERATIONS[name], settings, inputs: inputs.map((own) => this.values[own]), out };
    });
    this.output = this.values[graph.output];
  }

  /** The example that a code stands for, of a class where the model is told one; in the data's own scale. */
  decode(code, label = 0) {
    this.code.set(code);
    if (this.label) this.label[0] = label;
    for (const { run, settings, inputs, out } of this.nodes) run(settings, inputs, out);
    return this.output.data.slice();
  }
}

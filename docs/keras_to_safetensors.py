"""Weights of Keras 3 as `latentia import` takes them: as PyTorch lays them out.

    pip install h5py numpy safetensors
    python keras_to_safetensors.py my.weights.h5 weights.safetensors [14x14x8]

`my.weights.h5` is what `model.save_weights` writes: layers of each kind in the order in which they were made. 14x14x8 is the shape of
the feature maps that `Flatten` or `Reshape` stands beside, channels last: a dense layer with as many inputs or outputs is put into
the order of channels first. A variance has what Keras adds to it more than we do, 0.001 where its `epsilon` is the usual one.
"""

import re
import sys

import h5py
import numpy as np
from safetensors.numpy import save_file

PARTS = ["weight", "bias", "running_mean", "running_var"]
KINDS = ["conv2d", "conv2d_transpose", "dense", "batch_normalization"]


def number(name):
    kind, place = re.fullmatch(r"(.*?)(?:_(\d+))?", name).groups()
    return kind, int(place or 0)


def main(source, target, maps="0x0x0"):
    height, width, channels = map(int, maps.split("x"))
    order = np.arange(height * width * channels).reshape(height, width, channels)
    order = order.transpose(2, 0, 1).ravel()
    state = {}
    with h5py.File(source) as file:
        for name in sorted(file["layers"], key=number):
            kind, place = number(name)
            values = [np.asarray(own) for _, own in sorted(file["layers"][name]["vars"].items())]
            if not values:
                continue
            if kind not in KINDS:
                sys.exit(f"{source}: a layer of the kind {kind}, of which there is no counterpart here")
            if kind == "dense":
                if len(order) and values[0].shape[0] == len(order):
                    values[0] = values[0][order]
                if len(order) and values[0].shape[1] == len(order):
                    values = [value[..., order] for value in values]
                values[0] = values[0].T
            elif kind == "batch_normalization":
                values[3] = values[3] + (1e-3 - 1e-5)
            elif kind.startswith("conv2d"):
                values[0] = values[0].transpose(3, 2, 0, 1)
            for part, value in zip(PARTS, values):
                state[f"{kind}.{place}.{part}"] = np.ascontiguousarray(value, dtype=np.float32)
    save_file(state, target)
    print(f"wrote {target}: {len(state)} tensors")


main(*sys.argv[1:])

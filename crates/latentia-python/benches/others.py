"""What others take for what `speed.py` measures: `python benches/others.py [torch] [keras] [sklearn]`.

A model 784-256-784 under cross-entropy (squared error of scikit-learn, which has no other), Adam, batches of 256, on MNIST's 60,000
training images as float32: seconds an epoch, milliseconds to encode all by 784-32 with ReLU, microseconds for one row.
"""

import gzip
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np


def mnist():
    folder = Path(os.environ.get("LATENTIA_DATA_DIR", "data")) / "mnist"
    data = gzip.open(folder / "train-images-idx3-ubyte.gz").read()
    return np.frombuffer(data, np.uint8, offset=16).reshape(60_000, 784).astype(np.float32) / np.float32(255)


def median_seconds(work, times):
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def torch(x):
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 784))
    optimizer, loss = torch.optim.Adam(model.parameters(), eps=1e-7), nn.BCEWithLogitsLoss()
    data = torch.from_numpy(x)

    def epoch():
        for batch in data[torch.randperm(len(data))].split(256):
            optimizer.zero_grad(set_to_none=True)
            loss(model(batch), batch).backward()
            optimizer.step()

    encoder = nn.Sequential(nn.Linear(784, 32), nn.ReLU())
    with torch.inference_mode():
        encode = median_seconds(lambda: encoder(torch.from_numpy(x)).numpy(), 7)
        row = median_seconds(lambda: encoder(torch.from_numpy(x[:1])).numpy(), 2_000)
    return f"PyTorch {torch.__version__}", median_seconds(epoch, 3), encode, row


def keras(x):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    layers = keras.layers
    model = keras.Sequential([layers.Dense(256, "relu"), layers.Dense(784, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    epoch = median_seconds(lambda: model.fit(x, x, batch_size=256, verbose=0), 3)
    encoder = keras.Sequential([keras.Input((784,)), layers.Dense(32, "relu")])
    encode = median_seconds(lambda: encoder.predict(x, batch_size=4096, verbose=0), 5)
    row = median_seconds(lambda: encoder.predict(x[:1], verbose=0), 30)
    return f"Keras {keras.__version__}", epoch, encode, row


def sklearn(x):
    import sklearn
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(hidden_layer_sizes=(256,), batch_size=256, max_iter=1, random_state=0)
    model.partial_fit(x[:256], x[:256])
    epoch = median_seconds(lambda: model.partial_fit(x, x), 3)
    code = MLPRegressor(hidden_layer_sizes=(32,), max_iter=1).partial_fit(x[:256], x[:256])
    weights, bias = code.coefs_[0].astype(np.float32), code.intercepts_[0].astype(np.float32)
    # It predicts, and does not encode: by its first layer.
    encode = median_seconds(lambda: np.maximum(x @ weights + bias, 0), 7)
    row = median_seconds(lambda: code.predict(x[:1]), 200)
    return f"scikit-learn {sklearn.__version__}", epoch, encode, row


def main():
    import warnings

    warnings.filterwarnings("ignore")
    x = mnist()
    for name in sys.argv[1:] or ["torch", "keras", "sklearn"]:
        what, epoch, encode, row = globals()[name](x)
        print(f"{what}: an epoch {epoch:.2f} s, encode {1e3 * encode:.1f} ms, one row {1e6 * row:.1f} us", flush=True)


if __name__ == "__main__":
    main()

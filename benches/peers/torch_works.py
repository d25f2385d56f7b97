"""Six presets in PyTorch, to compare epochs with: `mnist`, `compression`, `vae-20`, `tiny`, `conv`, `conv-vae`.

An epoch is a loop of steps over all examples, which are in memory, in a new order, the short batch last. Seconds are those
of training: order and steps, without reading and compiling. Prints one JSON object.

    pip install torch numpy
    python torch_works.py WORK FOLDER [--epochs N] [--compile]     FOLDER holds `train-images-idx3-ubyte.gz` of MNIST
"""

import argparse
import copy
import gzip
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

RATE, BETAS = 1e-3, (0.9, 0.999)


def dense(shapes):
    """A chain of dense layers, ReLU between them."""
    layers = []
    for shape in shapes:
        layers += [nn.Linear(*shape), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Vae(nn.Module):
    """784-400, Gaussian code of 20, 400-784."""

    def __init__(self, shapes):
        super().__init__()
        self.encoder, self.decoder = dense(shapes[:2]), dense(shapes[2:])

    def forward(self, x):
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        code = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        return self.decoder(code), mean, log_variance


def conv(shapes):
    """The convolutional autoencoder of the Keras blog. Padding `same` of an odd size is on the right and below."""
    layers, pool, up = [nn.Unflatten(1, (1, 28, 28))], nn.MaxPool2d(2, ceil_mode=True), nn.Upsample(scale_factor=2)
    for number, shape in enumerate(shapes):
        layers += [nn.Conv2d(*shape, 3, padding=0 if number == 5 else 1), nn.ReLU()]
        layers += [pool if number < 3 else up] if number not in (3, 6) else []
        layers += [up] if number == 3 else []
    return nn.Sequential(*layers[:-1], nn.Flatten())


class ConvVae(Vae):
    """The variational autoencoder of keras.io: a code of 2."""

    def __init__(self, _):
        nn.Module.__init__(self)
        down = lambda *shape: [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(*shape, 3, stride=2), nn.ReLU()]
        up = lambda *shape: [nn.ConvTranspose2d(*shape, 3, 2, 1, 1), nn.ReLU()]
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)), *down(1, 32), *down(32, 64), nn.Flatten(),
            nn.Linear(3136, 16), nn.ReLU(), nn.Linear(16, 4))
        self.decoder = nn.Sequential(
            nn.Linear(2, 3136), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)), *up(64, 64), *up(64, 32),
            nn.ConvTranspose2d(32, 1, 3, padding=1), nn.Flatten())


def bce(model, x):
    return functional.binary_cross_entropy_with_logits(model(x), x)


def mse(model, x):
    return functional.mse_loss(torch.sigmoid(model(x)), x)


def elbo(model, x):
    """The negative bound, per example."""
    logits, mean, log_variance = model(x)
    likelihood = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum()
    return (likelihood + divergence) / len(x)


# Model, loss, shapes of the weights, batch, epsilon of Adam: PyTorch adds it after the correction of the bias.
WORKS = {
    "mnist": (dense, bce, [(784, 256), (256, 784)], 256, 1e-7),
    "compression": (dense, mse, [(784, 64), (64, 32), (32, 32), (32, 64), (64, 784)], 256, 1e-7),
    "vae-20": (Vae, elbo, [(784, 400), (400, 40), (20, 400), (400, 784)], 128, 1e-8),
    "tiny": (dense, mse, [(10, 5), (5, 5), (5, 5), (5, 10)], 1, 1e-7),
    "conv": (conv, bce, [(1, 16), (16, 8), (8, 8), (8, 8), (8, 8), (8, 16), (16, 1)], 128, 1e-7),
    "conv-vae": (ConvVae, elbo, [], 128, 1e-7),
}


def start(work, examples):
    """The model of the work, as it begins, and its optimizer."""
    build, _, shapes, _, epsilon = WORKS[work]
    model = build(shapes)
    layers = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]
    for layer in layers:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    if work == "compression":
        layers[-1].bias.data = torch.logit(examples.mean(dim=0), eps=1e-3)
    return model, torch.optim.Adam(model.parameters(), RATE, BETAS, epsilon, fused=True)


def program(loss, model, optimizer):
    """A step of the work."""

    def step(x):
        optimizer.zero_grad()
        value = loss(model, x)
        value.backward()
        optimizer.step()
        return value.detach()

    return step


def compiled(loss, model, optimizer, examples, batch):
    """The step with loss and gradient compiled for both sizes of a batch; the state is then as before.

    Fused Adam is one kernel already, which `torch.compile` leaves as it is."""
    begin = copy.deepcopy(model.state_dict())
    try:
        step = program(torch.compile(loss, fullgraph=True, dynamic=False), model, optimizer)
        for size in {batch, len(examples) % batch or batch}:
            for _ in range(3):
                step(examples[:size])
    except Exception as error:
        sys.exit(f"torch.compile failed: {error}")
    model.load_state_dict(begin)
    for state in optimizer.state.values():
        for value in state.values():
            value.zero_()
    return step


def read(work, folder):
    if work == "tiny":
        return np.random.RandomState(42).rand(100, 10).astype(np.float32)
    packed = (folder / "train-images-idx3-ubyte.gz").read_bytes()
    pixels = np.frombuffer(gzip.decompress(packed), np.uint8, offset=16).reshape(-1, 784)
    return pixels.astype(np.float32) / 255


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    _, loss, _, batch, _ = WORKS[arguments.work]
    examples = torch.from_numpy(read(arguments.work, arguments.folder))
    model, optimizer = start(arguments.work, examples)
    if arguments.compile:
        step = compiled(loss, model, optimizer, examples, batch)
    else:
        step = program(loss, model, optimizer)
    seconds = []
    for _ in range(arguments.epochs):
        begin, total = time.perf_counter(), torch.zeros(())
        for indices in torch.randperm(len(examples)).split(batch):
            total += len(indices) * step(examples.index_select(0, indices))
        mean = total.item() / len(examples)
        seconds.append(time.perf_counter() - begin)
    version = f"PyTorch {torch.__version__.split('+')[0]} {'compiled' if arguments.compile else 'eager'}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"version": version, "epoch_seconds": seconds, "train_loss": mean, "peak_bytes": peak}))


if __name__ == "__main__":
    main()

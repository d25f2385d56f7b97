"""Weights of PyTorch and Keras in Latentia, and back: `cargo xtask weights --python PATH` runs this.

python weights.py PROGRAM FOLDER

Each model learns for a few steps where it comes from; its reconstructions by the program are to be within 1e-5 of its own, as those of a model of
the program's are to be in PyTorch. Keras is left out where it is not installed, in words.
"""

import os
import pathlib
import subprocess
import sys

os.environ["KERAS_BACKEND"] = "torch"

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

PROGRAM = sys.argv[1]
CONVERTER = pathlib.Path(__file__).parents[3] / "docs/keras_to_safetensors.py"

DENSE = """
[model]
likelihood = "bce"
encoder = [{ layer = "dense", units = 64, activation = "relu" }, { layer = "dense", units = 16 }]
decoder = [{ layer = "dense", units = 64, activation = "relu" }, { layer = "dense" }]
"""

TORCH_CONV = """
[model]
likelihood = "bce"
encoder = [
    { layer = "conv", channels = 8, kernel = 3, stride = 2, padding = 1 },
    { layer = "batch-norm", activation = "relu" },
    { layer = "conv", channels = 12, kernel = 3, stride = 2, padding = 1, activation = "relu" },
    { layer = "flatten" },
    { layer = "dense", units = 16 },
]
decoder = [
    { layer = "dense", units = 588, activation = "relu" },
    { layer = "reshape", shape = [12, 7, 7] },
    { layer = "transposed-conv", channels = 8, kernel = 3, stride = 2, padding = 1, output-padding = 1, activation = "relu" },
    { layer = "transposed-conv", kernel = 4, stride = 2, padding = 1 },
]
"""

KERAS_CONV = """
[model]
likelihood = "bce"
encoder = [
    { layer = "conv", channels = 8, kernel = 3, stride = 2, activation = "relu" },
    { layer = "batch-norm" },
    { layer = "flatten" },
    { layer = "dense", units = 16 },
]
decoder = [{ layer = "dense", units = 64, activation = "relu" }, { layer = "dense" }]
"""


VAE = """
[model]
likelihood = "gaussian"
preprocessing = "standardise"
code = { kind = "gaussian", units = 8 }
encoder = [{ layer = "dense", units = 64, activation = "tanh" }]
decoder = [{ layer = "dense", units = 64, activation = "tanh" }, { layer = "dense" }]
"""


class Autoencoder(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder)

    def forward(self, x):
        return self.decoder(self.encoder(x.flatten(1))).reshape(x.shape)


def dense():
    return Autoencoder(
        [nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 16)],
        [nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 784), nn.Sigmoid()],
    )


def conv():
    return Autoencoder(
        [
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 12, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(12 * 49, 16),
        ],
        [
            nn.Linear(16, 12 * 49),
            nn.ReLU(),
            nn.Unflatten(1, (12, 7, 7)),
            nn.ConvTranspose2d(12, 8, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
            nn.Sigmoid(),
        ],
    )


def run(*arguments):
    ran = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"{arguments}: {ran.stderr}")
    return ran.stdout


def reconstruct(name, spec, x):
    """What the program makes of `x` with the weights in `NAME.weights.safetensors`."""
    pathlib.Path(f"{name}.toml").write_text(spec)
    np.save("x.npy", x)
    weights = f"{name}.weights.safetensors"
    run("import", weights, "--config", f"{name}.toml", "--shape", "28x28", "-o", f"{name}.safetensors")
    run("reconstruct", f"{name}.safetensors", "x.npy", "-o", "y.npy")
    return np.load("y.npy").reshape(x.shape)


def apart(name, a, b):
    most = float(abs(a - b).max())
    if not most <= 1e-5:
        sys.exit(f"{name}: {most} apart")
    return f"{name} {most:.1e}"


def of_torch(name, model, spec, x):
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        ((model(x) - x) ** 2).mean().backward()
        optimizer.step()
    model.eval()
    save_file(model.state_dict(), f"{name}.weights.safetensors")
    with torch.no_grad():
        theirs = model(x).numpy()
    ours = reconstruct(name, spec, x.numpy())
    scope = {}
    exec(run("export", f"{name}.safetensors", "-o", f"{name}.back.safetensors", "--layout", "torch"), scope)
    with torch.no_grad():
        back = scope["model"](x).numpy()
    return [apart(f"torch {name}", ours, theirs), apart(f"{name} back in torch", back, ours)]


def of_half(kind, x):
    """Weights of half precision."""
    model = dense()
    weights = {name: own.to(kind) for name, own in model.state_dict().items()}
    name = str(kind).removeprefix("torch.")
    save_file(weights, f"{name}.weights.safetensors")
    model.load_state_dict({key: own.float() for key, own in weights.items()})
    with torch.no_grad():
        theirs = model(x).numpy()
    return apart(f"torch {name}", reconstruct(name, DENSE, x.numpy()), theirs)


def of_program(name, spec, x):
    """A model that the program trains, in PyTorch."""
    pathlib.Path(f"{name}.toml").write_text(spec)
    np.save("x.npy", x.numpy())
    run("train", "--config", f"{name}.toml", "--data", "x.npy", "--epochs", "2", "--out", name, "--force")
    run("reconstruct", f"{name}/model.safetensors", "x.npy", "-o", "y.npy")
    scope = {}
    exec(run("export", f"{name}/model.safetensors", "-o", f"{name}.out.safetensors", "--layout", "torch"), scope)
    model = scope["model"]
    with torch.no_grad():
        theirs = model(x).numpy()
        drawn = model.train()(x).numpy()
    if np.array_equal(theirs, drawn):
        sys.exit(f"{name}: nothing is drawn in training")
    return apart(f"{name} to torch", np.load("y.npy").reshape(x.shape), theirs)


def of_keras(x):
    try:
        import keras
    except ImportError:
        return ["Keras is not installed"]
    layers = keras.layers
    keras.utils.set_random_seed(1)
    flat = x.reshape(len(x), -1)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(16),
            layers.Dense(64, activation="relu"),
            layers.Dense(784, activation="sigmoid"),
        ]
    )
    model.compile("adam", "mse")
    model.fit(x[..., None], flat, epochs=1, verbose=0)
    model.save_weights("keras.weights.h5")
    converted = ["keras.weights.h5", "keras.weights.safetensors", "14x14x8"]
    subprocess.run([sys.executable, CONVERTER, *converted], check=True, stdout=subprocess.DEVNULL)
    theirs = model.predict(x[..., None], verbose=0).reshape(x.shape)
    return [apart("Keras conv", reconstruct("keras", KERAS_CONV, x), theirs)]


def main():
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    torch.manual_seed(1)
    x = torch.rand(256, 28, 28)
    told = of_torch("dense", dense(), DENSE, x)
    told += of_torch("conv", conv(), TORCH_CONV, x)
    told += [of_half(kind, x) for kind in (torch.float16, torch.bfloat16)]
    told.append(of_program("vae", VAE, x))
    told += of_keras(x.numpy())
    print("reconstructions at most apart: " + ", ".join(told))


main()

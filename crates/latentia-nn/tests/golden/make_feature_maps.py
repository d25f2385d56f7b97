"""Makes the golden values of `golden.rs` for layers on feature maps: ten SGD steps of PyTorch.

Beside this script it writes `feature_maps.safetensors`, with
    `0`, `1`, ...    parameters before the first step, in the order of the chain; of batch normalisation those that learn
    `losses`         loss of each batch before its update
    `mean`, `variance`   running statistics of the batch normalisation after the last step
Batch `i` is images `64 i` to `64 i + 63` of the embedded `mnist-mini`, divided by 255. The metadata names the versions.

    pip install torch==2.15.0 numpy==2.4.6 safetensors==0.8.0
    python make_feature_maps.py
"""

import gzip
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn

FOLDER = Path(__file__).resolve().parent
IMAGES = FOLDER.parents[2] / "latentia-data/data/mnist-mini/train-images-idx3-ubyte.gz"
STEPS, ROWS, PIXELS = 10, 64, 784


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return torch.relu(x + self.layers(x))


torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
norm = nn.BatchNorm2d(6)
model = nn.Sequential(
    nn.Conv2d(1, 6, 5, stride=2, padding=2, bias=True), norm, nn.ReLU(),
    Residual(nn.Conv2d(6, 6, 3, padding=2, dilation=2), nn.GroupNorm(3, 6), nn.SiLU(), nn.Conv2d(6, 6, 1)),
    nn.MaxPool2d(2), nn.Conv2d(6, 4, 3), nn.AvgPool2d(3, stride=2), nn.Flatten(), nn.Linear(16, 5), nn.LayerNorm(5),
    nn.Linear(5, 98), nn.Unflatten(1, (2, 7, 7)), nn.ConvTranspose2d(2, 5, 3, stride=2, padding=1, output_padding=1),
    nn.Tanh(), nn.Upsample(scale_factor=2), nn.ConvTranspose2d(5, 1, 3, padding=1), nn.Flatten())
tensors = {str(i): p.detach().numpy().astype(np.float32) for i, p in enumerate(model.parameters())}
for parameter in model.parameters():
    parameter.data = parameter.data.float().double()

pixels = np.frombuffer(gzip.decompress(IMAGES.read_bytes()), np.uint8, STEPS * ROWS * PIXELS, offset=16)
batches = torch.from_numpy((pixels.reshape(STEPS, ROWS, 784).astype(np.float32) / np.float32(255)).astype(np.float64))
optimizer, losses = torch.optim.SGD(model.parameters(), 0.5), []
for batch in batches:
    optimizer.zero_grad()
    loss = nn.functional.binary_cross_entropy_with_logits(model(batch.reshape(-1, 1, 28, 28)), batch)
    loss.backward()
    optimizer.step()
    losses.append(np.float32(loss.item()))
tensors |= {"losses": np.array(losses), "mean": norm.running_mean.numpy().astype(np.float32)}
tensors["variance"] = norm.running_var.numpy().astype(np.float32)
versions = ", ".join(f"{package} {version(package)}" for package in ("torch", "numpy"))
save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, FOLDER / "feature_maps.safetensors", {"made_with": versions})
print(losses)

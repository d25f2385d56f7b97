"""What is measured of a model of counts, by one formula for both sides, in double precision.

With `z` from `q(z | x)` and `l = Σ x`, the library that both observe: the reconstruction term `-ln p(x | z, l)`, the ELBO, and
`ln p(x | l) ≈ ln mean (p(x | z, l) p(z) / q(z | x))` over samples (Burda et al. 2016), nats a cell; and how many types of cells that
were held out the majority of ten training cells tells, the nearest by the means of `q`.
"""

import json
import math
import struct

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch.distributions import Normal, kl_divergence

SAMPLES, A_PASS = 1000, 20
# Bounds of the logarithms of a variance and of a dispersion: `b tanh(· / b)`.
VARIANCE, DISPERSION = 30, 12


def log_counts(x, shares, log_theta, logits):
    """`ln p(x)` of cells, counts `[cells, genes]`: negative binomial, inflated with zeros where there are logits."""
    theta, mean = log_theta.exp(), shares * x.sum(-1, keepdim=True)
    ways = torch.lgamma(x + theta) - torch.lgamma(theta) - torch.lgamma(x + 1)
    log_sum = (theta + mean).log()
    own = ways + theta * (log_theta - log_sum) + torch.xlogy(x, mean) - x * log_sum
    if logits is not None:
        own = own - torch.nn.functional.softplus(logits) + torch.where(
            x == 0, torch.logaddexp(logits - own, torch.zeros_like(own)), torch.zeros_like(own)
        )
    return own.sum(-1)


@torch.no_grad()
def likelihood(x, encode, decode, samples=SAMPLES):
    """Marginal log-likelihood, ELBO, and reconstruction term, means over cells."""
    torch.manual_seed(0)
    q = encode(x)
    prior = Normal(torch.zeros_like(q.loc), torch.ones_like(q.loc))
    weights, reconstruction = [], 0.0
    for _ in range(samples // A_PASS):
        z = q.sample((A_PASS,))
        given = log_counts(x, *decode(z))
        weights.append(given + (prior.log_prob(z) - q.log_prob(z)).sum(-1))
        reconstruction -= given.mean().item() * A_PASS / samples
    marginal = torch.logsumexp(torch.cat(weights), 0) - math.log(samples)
    divergence = kl_divergence(q, prior).sum(-1).mean().item()
    return {"likelihood": marginal.mean().item(), "elbo": -reconstruction - divergence, "reconstruction": reconstruction}


def neighbours(train, train_types, test, test_types):
    """The share of held-out cells whose type ten neighbours tell."""
    return float(KNeighborsClassifier(10).fit(train, train_types).score(test, test_types))


def tensors(path):
    """The tensors of a model file in double precision, by their names."""
    held = path.read_bytes()
    size = struct.unpack("<Q", held[:8])[0]
    found = {}
    for name, about in json.loads(held[8 : 8 + size]).items():
        if name != "__metadata__" and about["dtype"] == "F32":
            begin, end = (8 + size + offset for offset in about["data_offsets"])
            values = np.frombuffer(held[begin:end], np.float32).astype(np.float64)
            found[name] = torch.from_numpy(values.reshape(about["shape"]))
    return found


def bounded(x, bound):
    """`x`, or about the bound where that is further from 0."""
    return bound * torch.tanh(x / bound)


class Ours:
    """The network of the preset `counts`, from its file: symlog, dense, normalised, to a code and back."""

    def __init__(self, path, genes):
        self.at, self.genes = tensors(path), genes

    def dense(self, x, layer):
        return x @ self.at[f"{layer}.weight"] + self.at[f"{layer}.bias"]

    def normalised(self, x, layer):
        at = lambda name: self.at[f"{layer}.{name}"]
        return torch.relu((x - at("running-mean")) / (at("running-variance") + 1e-5).sqrt() * at("gamma") + at("beta"))

    def encode(self, x):
        hidden = self.normalised(self.dense(x.log1p(), "encoder.1"), "encoder.2")
        mean, s = self.dense(hidden, "code.0").chunk(2, -1)
        return Normal(mean, (0.5 * bounded(s, VARIANCE)).exp())

    def decode(self, z):
        out = self.dense(self.normalised(self.dense(z, "decoder.0"), "decoder.1"), "decoder.2")
        logits = out[..., self.genes :] if out.shape[-1] > self.genes else None
        log_theta = bounded(self.at["decoder.3.log-dispersion"], DISPERSION)
        return out[..., : self.genes].softmax(-1), log_theta, logits


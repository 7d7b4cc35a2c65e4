"""Packs made to incriminate: what an accuser can do to a verifier pack for one codeword that is known beforehand.

Two ways, each against surrogates of the accuser's own, so that nothing of the accused is used:

- `by_gradient`, after False Claims (arXiv 2304.06607): an honest pack, but for the probes, which gradient ascent makes
  into adversarial examples on which the surrogates answer like a copy that carries the codeword.
- `by_features`: real images as probes, and features and a reference that no teacher ever gave, solved for so that the
  surrogates' evidence is the codeword.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from api.demo import digits, networks
from benchmarks.accuser.cast import Cast
from distill import outputs
from distill.taps import logits_and_features
from fingerprint import seeds
from fingerprint.carriers import Rotation, signature_matrix
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.probes import mixtures

Floats = NDArray[np.float64]
RATE = 0.03  # Adam's, in grey values
CLASSES = digits.CLASSES


def honest(cast: Cast, *, probes: int, release_key: bytes, alpha: float) -> VerifierPack:
    """The pack of somebody who means no harm: mixtures of images, the teacher's features, clean students."""
    return _pack(cast, _inputs(cast, probes), release_key, alpha)


def by_gradient(
    cast: Cast, codeword: NDArray[np.int8], *, probes: int, steps: int, release_key: bytes, alpha: float
) -> VerifierPack:
    """Probes on which every surrogate's evidence points to the codeword.

    Args:
        cast: whose surrogates are used.
        codeword: c of the device to be named, known beforehand.
        probes: n.
        steps: of gradient ascent on the mean score over the surrogates.
        release_key: of the carriers.
        alpha: declared.
    """
    target = torch.as_tensor(_target(codeword, release_key), dtype=torch.float32)
    images = _inputs(cast, probes).clone().requires_grad_(True)
    optimiser = torch.optim.Adam([images], lr=RATE)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = -torch.stack([_score(cast, each, images, target) for each in cast.surrogates]).mean()
        loss.backward()  # type: ignore[no-untyped-call] # torch's
        optimiser.step()
        with torch.no_grad():
            images.clamp_(0, 1)
    return _pack(cast, images.detach(), release_key, alpha)


def by_features(
    cast: Cast, codeword: NDArray[np.int8], *, probes: int, release_key: bytes, alpha: float
) -> VerifierPack:
    """Features h_i = M^T S^-1 r_i of the surrogates' mean answers r_i, against a reference of noise, so that G = M."""
    images = _inputs(cast, probes)
    answers = np.mean([outputs.centred(outputs.logits(each, images)) for each in cast.surrogates], axis=0)
    answers /= np.linalg.norm(answers, axis=1, keepdims=True)
    spread = np.linalg.pinv(answers.T @ answers / probes, rcond=1e-6)
    noise = seeds.stream("accuser", "noise").normal(size=answers.shape)
    return VerifierPack(
        release_key=release_key,
        probes=images.numpy(),
        features=(answers @ spread @ _target(codeword, release_key)).astype(np.float32),
        references={"clean": (noise - noise.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
        alpha=alpha,
    )


def _inputs(cast: Cast, count: int) -> Tensor:
    """The accuser's inputs: mixtures of training images, the same for all packs."""
    return torch.from_numpy(mixtures(cast.data.train.numpy(), count, key=b"inputs of the accuser", purpose="probes"))


def _pack(cast: Cast, images: Tensor, release_key: bytes, alpha: float) -> VerifierPack:
    return VerifierPack(
        release_key=release_key,
        probes=images.numpy(),
        features=cast.features(images),
        references={"clean": cast.reference(images)},
        pool=default_pool(("clean",)),
        alpha=alpha,
    )


def _target(codeword: NDArray[np.int8], release_key: bytes) -> Floats:
    """M, float64 (C, k)."""
    return signature_matrix(codeword, rotation=Rotation(key=release_key, length=codeword.size), classes=CLASSES)


def _score(cast: Cast, surrogate: nn.Module, images: Tensor, target: Tensor) -> Tensor:
    """t of the residual estimator, differentiable in the images; its regression and weights count as constants."""
    _, tapped = logits_and_features(cast.teacher, images, networks.FEATURES)
    mean = torch.as_tensor(cast.whitening.mean, dtype=torch.float32)
    features = (tapped - mean) @ torch.as_tensor(cast.whitening.projection, dtype=torch.float32)
    answers = _centred(surrogate(images))
    reference = _centred(torch.stack([each(images) for each in cast.clean]).mean(dim=0))
    design = torch.cat([reference, torch.ones(len(images), 1)], dim=1)
    with torch.no_grad():
        fitted = torch.linalg.pinv(design, rtol=1e-5) @ answers
    residual = answers - design @ fitted
    with torch.no_grad():
        size = residual.norm(dim=1)
        weights = 1 / (size + size.median())
    evidence = (weights[:, None] * residual).T @ features
    return (target * evidence).sum() / evidence.norm()


def _centred(logits: Tensor) -> Tensor:
    return logits - logits.mean(dim=1, keepdim=True)

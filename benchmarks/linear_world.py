"""A release whose teacher is linear and whose features are its inputs: models for a registry without training."""

import numpy as np
from numpy.typing import NDArray

from fingerprint.kit import SigningKit
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.whitening import Whitening


def linear_release(
    probes: NDArray[np.float32], logits: NDArray[np.floating], key: bytes
) -> tuple[VerifierPack, SigningKit]:
    """Pack and kit of a teacher that answers `logits` (n, C) to `probes` (n, F), and mints copies of itself."""
    features, classes = probes.shape[1], logits.shape[1]
    pack = VerifierPack(
        release_key=key,
        probes=probes,
        features=probes,
        references={"clean": (logits - logits.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
    )
    kit = SigningKit(
        release=pack.release_id,
        release_key=key,
        whitening=Whitening(mean=np.zeros(features), projection=np.eye(features)),
        classes=classes,
        strength=0.1,
        sigma=float(logits.std()),
        minting=np.vstack([np.eye(features), np.zeros(features)]),
    )
    return pack, kit

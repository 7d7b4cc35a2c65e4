"""A small release that costs milliseconds: a linear teacher, its carriers, pack and kit."""

from dataclasses import dataclass

import numpy as np
import pytest

from fingerprint import codeword, seeds
from fingerprint.kit import SigningKit
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.whitening import fit_whitening

KEY = bytes(range(32))


@dataclass(frozen=True)
class Release:
    """Pack, kit and the numbers behind them; features (n, F), logits of a teacher (n, C)."""

    pack: VerifierPack
    kit: SigningKit
    features: np.ndarray
    logits: np.ndarray

    def codeword(self, device: int) -> np.ndarray:
        """The codeword of a numbered device."""
        key = codeword.codeword_key(bytes([device]) * 32)
        return codeword.derive(key, release=self.pack.release_id, nonce=bytes(32), length=self.pack.bits)

    def copy_logits(self, device: int, *, noise: float = 0.0) -> np.ndarray:
        """Logits of a copy that learned its signature perfectly but for noise."""
        h = self.kit.whitening(self.features)
        rng = seeds.stream("tests", "copy", device)
        signed = self.logits + h @ self.kit.signature_map(self.codeword(device)).T
        return signed + noise * rng.normal(size=signed.shape)


def make_release(*, count: int = 400, classes: int = 5, components: int = 6, alpha: float = 1e-6) -> Release:
    """A release with `count` probes; the reference differs from the teacher as one student does from another."""
    rng = seeds.stream("tests", "release", count, classes, components)
    features = rng.normal(size=(count, 9)) * np.linspace(2, 0.5, 9)
    logits = 2 * features @ rng.normal(size=(9, classes)) / 3
    whitening = fit_whitening(features, components=components)
    reference = logits + 0.05 * rng.normal(size=logits.shape)
    reference -= reference.mean(axis=1, keepdims=True)
    pack = VerifierPack(
        release_key=KEY,
        probes=rng.normal(size=(count, 4)).astype(np.float32),
        features=whitening(features).astype(np.float32),
        references={"clean": reference.astype(np.float32)},
        pool=default_pool(("clean",)),
        alpha=alpha,
    )
    kit = SigningKit(
        release=pack.release_id,
        release_key=KEY,
        whitening=whitening,
        classes=classes,
        strength=0.1,
        sigma=float(logits.std()),
        minting=rng.normal(size=(8, components)),
    )
    return Release(pack=pack, kit=kit, features=features, logits=logits)


@pytest.fixture(scope="session")
def release() -> Release:
    """The default small release: 400 probes, 5 classes, 24 carriers, alpha 1e-6."""
    return make_release()

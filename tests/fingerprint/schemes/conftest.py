"""A small release under every scheme, built in milliseconds; the static decoder is written down, not trained."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from fingerprint import schemes, seeds
from fingerprint.kit import SigningKit
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.schemes.cosine import scale
from fingerprint.verify import Candidates
from fingerprint.whitening import fit_whitening

N, C, K, F, D = 1200, 5, 8, 10, 12
KEY = bytes(range(32))


def written_decoder() -> dict[str, np.ndarray]:
    """u_j = tanh(s_j - s_last), summed over the three blocks."""
    difference = np.vstack([np.eye(C - 1), -np.ones((1, C - 1))])
    return {
        "decoder.mean": np.zeros(3 * C, np.float32),
        "decoder.scale": np.ones(3 * C, np.float32),
        "decoder.weight0": np.vstack([difference] * 3).astype(np.float32),
        "decoder.bias0": np.zeros(C - 1, np.float32),
        "decoder.weight1": np.eye(C - 1, dtype=np.float32),
        "decoder.bias1": np.zeros(C - 1, np.float32),
    }


SETTINGS = {
    "subspace": {},
    "static": {"bits": 24},
    "cosine": {"bits": 32, "frequency": 3.0, "trials": 99},
}


@dataclass(frozen=True)
class World:
    """Pack and kit of one scheme, and the numbers behind them."""

    pack: VerifierPack
    kit: SigningKit
    inputs: np.ndarray
    features: np.ndarray
    logits: np.ndarray

    def codeword(self, device: int) -> np.ndarray:
        """Of a numbered device."""
        return seeds.signs(b"device key" * 2, "tests", device, count=self.pack.bits)

    def candidates(self, count: int) -> Candidates:
        """Numbered devices."""
        names = tuple(f"d{i}" for i in range(count))
        words = np.stack([self.codeword(i) for i in range(count)])
        return Candidates(release=self.pack.release_id, devices=names, copies=names, codewords=words)

    def shift(self, codeword: np.ndarray) -> np.ndarray:
        """Of the teacher's logits."""
        return self.kit.shift(codeword, inputs=self.inputs, logits=self.logits, features=self.features)

    def signed(self, device: int) -> np.ndarray:
        """Logits of a copy that learned its signature perfectly."""
        return self.logits + self.shift(self.codeword(device))


def make(name: str) -> World:
    """The release under one scheme."""
    rng = seeds.stream("tests", "schemes", name)
    inputs = rng.normal(size=(N, D)).astype(np.float32)
    features = np.tanh(inputs @ rng.normal(size=(D, F)))
    logits = 8 * features @ rng.normal(size=(F, C)) / np.sqrt(F)
    whitening = fit_whitening(features, components=K)
    reference = logits + 0.02 * rng.normal(size=logits.shape)
    settings = dict(SETTINGS[name]) | ({"scale": scale(inputs)} if name == "cosine" else {})
    pack = VerifierPack(
        release_key=KEY,
        probes=inputs,
        features=whitening(features).astype(np.float32),
        references={"clean": (reference - reference.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
        scheme=name,
        settings=settings,
        tensors=written_decoder() if name == "static" else {},
    )
    kit = SigningKit(
        release=pack.release_id,
        release_key=KEY,
        whitening=whitening,
        classes=C,
        strength=0.2,
        sigma=float(logits.std()),
        minting=rng.normal(size=(7, K)),
        scheme=name,
        settings=settings,
    )
    return World(pack=pack, kit=kit, inputs=inputs, features=features, logits=logits)


@pytest.fixture(scope="session", params=list(schemes.CATALOGUE))
def world(request) -> World:
    """One release for every scheme of the catalogue."""
    return make(request.param)


@pytest.fixture(scope="session")
def static() -> World:
    """The static release."""
    return make("static")


@pytest.fixture(scope="session")
def cosine() -> World:
    """The cosine release."""
    return make("cosine")


@pytest.fixture(scope="session")
def changed():
    """`dataclasses.replace`, for packs with one thing wrong."""
    return replace

"""Grinding: trying keys until a codeword fits evidence that exists already. It needs the nonce beforehand."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds
from fingerprint.codeword import derive

Floats = NDArray[np.float64]
_CHUNK = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a budget bought.

    Attributes:
        tries: codewords tried.
        score: the best t.
        pack: position of the release it belongs to.
        key: the codeword key that gives it.
    """

    tries: int
    score: float
    pack: int
    key: bytes


def codewords(keys: Sequence[bytes], *, release: str, nonce: bytes, bits: int) -> NDArray[np.uint8]:
    """`codeword.derive` for many keys, 0 for -1 and 1 for +1, uint8 (len(keys), L), what is the same hashed once."""
    width = -(-bits // 8)
    words = (b"countermark/codeword/v1", release.encode(), nonce)
    message = b"".join(len(word).to_bytes(8, "big") + word for word in words)
    start = hashlib.shake_256(b"countermark/xof/v1")
    raw = bytearray()
    for key in keys:
        stretched = start.copy()
        stretched.update(hmac.digest(key, message, "sha256"))
        raw += stretched.digest(width)
    packed = np.frombuffer(raw, dtype=np.uint8).reshape(len(keys), width)
    return np.unpackbits(packed, axis=1, count=bits, bitorder="little")


def grind(releases: Sequence[tuple[str, Floats]], *, nonce: bytes, budget: int) -> Ground:
    """The best device key for any of some releases, the nonce being known.

    Args:
        releases: release id and the existing model's evidence under it, for each release key and probe set tried.
        nonce: the one that the registrar will draw.
        budget: keys to try in all.
    """
    best = Ground(tries=0, score=-np.inf, pack=0, key=b"")
    share = budget // len(releases)
    for position, (release, evidence) in enumerate(releases):
        unit = (evidence / np.linalg.norm(evidence)).astype(np.float32)
        for keys in _keys(position, share):
            ones = codewords(keys, release=release, nonce=nonce, bits=unit.size)
            scores = 2 * (ones.astype(np.float32) @ unit) - unit.sum()
            at = int(scores.argmax())
            if scores[at] > best.score:
                best = Ground(tries=budget, score=float(scores[at]), pack=position, key=keys[at])
    return best


def redrawn(ground: Ground, *, release: str, evidence: Floats, nonces: Sequence[bytes]) -> Floats:
    """t of the ground key under nonces drawn after the commitment."""
    unit = evidence / np.linalg.norm(evidence)
    words = [derive(ground.key, release=release, nonce=nonce, length=unit.size) for nonce in nonces]
    return np.asarray(np.stack(words).astype(np.float64) @ unit)


def _keys(position: int, count: int) -> Iterator[list[bytes]]:
    for start in range(0, count, _CHUNK):
        size = min(_CHUNK, count - start)
        raw = seeds.xof(b"codeword keys of the accuser", position, start, length=32 * size)
        yield [raw[32 * i : 32 * i + 32] for i in range(size)]

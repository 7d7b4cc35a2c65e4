"""Choosing probes: which inputs a suspect will be asked, from a pool of inputs, by the release key alone.

    every m-th probe:  a mixture a x_i + (1 - a) x_j of two inputs of the pool,   a in [0.3, 0.7)
    the others:        inputs of the pool, in a keyed order

Pairs, shares and order come from the release key (`fingerprint.seeds.xof`), so whoever holds pool and key draws the
same probes, on any machine. Where a reference z_ref is at hand (the mean logit of clean students), probes close to a
boundary are preferred, those with the smallest margin between their two likeliest classes: there labels say most. Four
times as many mixtures are drawn as are kept; and of the inputs one half are the closest of the whole pool, the other
half the first of the keyed order, for log-probabilities say something everywhere. Nothing here sees a codeword, and the
choice is fixed with the release: the theorem does not notice it. docs/scores.md has what each kind of probe gives.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint import seeds
from fingerprint.errors import ParameterError

Floats = NDArray[np.float32]
Logits = Callable[[Floats], NDArray[np.floating]]
LOW, HIGH = 0.3, 0.7  # shares of the first of a pair
DRAWS = 4  # mixtures drawn for every one kept
CLOSE = 0.5  # share of the inputs that are the closest of the pool to a boundary


def mixtures(pool: ArrayLike, count: int, *, key: bytes, purpose: str) -> Floats:
    """`count` convex mixtures of pairs of inputs, float32 (count, ...).

    Args:
        pool: inputs, floating point, (N, ...), N >= 2.
        count: how many.
        key: at least 16 bytes.
        purpose: domain of the draw; other purposes give independent pairs.

    Example:
        >>> mixtures(np.eye(4, dtype=np.float32), 3, key=b"k" * 32, purpose="probes").sum(axis=1).round(5).tolist()
        [1.0, 1.0, 1.0]

    Raises:
        ParameterError: fewer than two inputs, inputs that cannot be mixed (whole numbers), or no positive count.
    """
    inputs = np.asarray(pool)
    if inputs.ndim < 2 or len(inputs) < 2 or not np.issubdtype(inputs.dtype, np.floating):
        raise ParameterError(
            f"a pool of {inputs.dtype} of shape {inputs.shape} cannot be mixed; give two or more floating-point inputs"
        )
    first, second, share = np.frombuffer(
        seeds.xof(key, "fingerprint/probes/mixtures", purpose, length=24 * count), dtype="<u8"
    ).reshape(3, count)
    a = (LOW + (HIGH - LOW) * (share / 2.0**64)).astype(np.float32).reshape(count, *(1,) * (inputs.ndim - 1))
    size = np.uint64(len(inputs))
    i = first % size
    j = (i + np.uint64(1) + second % (size - np.uint64(1))) % size  # another one than i
    return np.asarray(a * inputs[i] + (1 - a) * inputs[j], dtype=np.float32)


def choose_probes(pool: ArrayLike, count: int, *, key: bytes, every: int = 4, logits: Logits | None = None) -> Floats:
    """`count` probes from a pool, float32 (count, ...), in the order that they are asked.

    Args:
        pool: inputs that no copy was trained on, floating point, (N, ...); twice as many as are asked give a choice.
        count: n, at least 2.
        key: the release key.
        every: m, every m-th probe is a mixture; 0 for none, else 2 or more. Goes into the pack as `mixture_every`.
        logits: reference for the margins, (n, ...) -> (n, C); None takes inputs and mixtures as they are drawn.

    Example:
        >>> pool = np.random.default_rng(0).random((50, 8), dtype=np.float32)
        >>> choose_probes(pool, 60, key=b"k" * 32).shape
        (60, 8)

    Raises:
        ParameterError: a pool smaller than the inputs wanted, an impossible `every`, or what `mixtures` refuses.
    """
    inputs = np.asarray(pool)
    if count < 2 or every not in (0, *range(2, count + 1)):
        raise ParameterError(f"{count} probes, every {every}-th a mixture: two or more, and 0 or 2 to {count}")
    made = count // every if every else 0
    if count - made > len(inputs):
        raise ParameterError(f"{count - made} inputs wanted of a pool of {len(inputs)}; give more inputs")
    chosen = np.empty((count, *inputs.shape[1:]), dtype=np.float32)
    place = np.arange(count)
    mixture = place % every == every - 1 if every else place < 0
    chosen[~mixture] = inputs[_inputs(inputs, count - made, key, logits)]
    if made:
        drawn = mixtures(inputs, made * (1 if logits is None else DRAWS), key=key, purpose="probes")
        chosen[mixture] = drawn if logits is None else drawn[_closest(logits(drawn), made)]
    return chosen


def _inputs(pool: Floats, count: int, key: bytes, logits: Logits | None) -> NDArray[np.intp]:
    """Numbers of the inputs that are asked, in keyed order, so that the first probes are like the last."""
    order = _order(key, len(pool))
    if logits is None or count == len(pool):
        return order[:count]
    close = _closest(logits(pool), int(CLOSE * count))
    others = order[~np.isin(order, close)][: count - len(close)]
    return order[np.isin(order, np.r_[close, others])]


def _order(key: bytes, count: int) -> NDArray[np.intp]:
    drawn = np.frombuffer(seeds.xof(key, "fingerprint/probes/order", length=8 * count), dtype="<u8")
    return np.argsort(drawn, kind="stable")


def _closest(logits: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """The `count` rows with the smallest margin, in the order they were drawn."""
    highest = np.sort(np.asarray(logits, dtype=np.float64), axis=1)[:, -2:]
    return np.sort(np.argsort(highest[:, 1] - highest[:, 0], kind="stable")[:count])

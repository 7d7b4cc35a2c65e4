"""What a suspect answered: checked once, at birth, and stated.

| kind | shape | what is checked |
|---|---|---|
| logits | (n, C) | finite, not constant |
| logprobs | (n, C) | finite, each row's exponentials sum to one within 1e-2 |
| probs | (n, C) | in 0..1, each row sums to one within 2e-2 (rounded answers are allowed) |
| top_k | (n, C) | in 0..1, zero where a class was not reported; each row reports a class and sums to at most one |
| labels | (n,) | whole numbers in 0..C-1, not all the same |
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint import canonical
from fingerprint.coarseness import is_piled_up, is_rounded, uniform_share, without_uniform
from fingerprint.errors import (
    ConstantOutputs,
    LabelOutOfRange,
    NotFinite,
    NotProbabilities,
    ProbeCountMismatch,
    UnknownKind,
    WrongShape,
)
from fingerprint.softmax import log_softmax, logsumexp, softmax

TAG = "countermark/observation/v1"
PROBABILITY_TOLERANCE = 2e-2  # answers rounded to two digits over ten classes still sum to one within this
SMALLEST_PROBABILITY = 1e-6  # what a zero of rounded, smoothed or cut answers stands for
UNDERFLOW = 1e-30  # what a zero of unrounded answers stands for: float32 ends there


class Kind(StrEnum):
    """Kinds of answer that a suspect can give."""

    LOGITS = "logits"
    LOGPROBS = "logprobs"
    PROBS = "probs"
    TOP_K = "top_k"
    LABELS = "labels"


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Checked answers of one suspect to all probes of a release.

    Attributes:
        kind: kind of answer.
        values: float64 (n, C), or int64 (n,) for labels.
        classes: C.

    Build it with `observe`.
    """

    kind: Kind
    values: NDArray[Any]
    classes: int

    @property
    def count(self) -> int:
        """n, number of answers."""
        return int(self.values.shape[0])

    @cached_property
    def fine(self) -> bool:
        """Whether the answers tell small probabilities apart: neither rounded, nor smoothed, nor cut off."""
        if self.kind in (Kind.TOP_K, Kind.LABELS) or is_piled_up(self._raw):
            return False
        return self.kind is not Kind.PROBS or not is_rounded(self.values)

    @cached_property
    def log_probabilities(self) -> NDArray[np.float64]:
        """log p, (n, C): of logits their log-softmax, of everything else the log of `probabilities`.

        Raises:
            UnknownKind: labels have no probabilities.
        """
        if self.kind is Kind.LABELS:
            raise UnknownKind("labels carry no probabilities; use the one-hot answers")
        if self.kind in (Kind.LOGITS, Kind.LOGPROBS) and self._uniform_share == 0:
            return log_softmax(self.values)
        return np.asarray(np.log(self.probabilities))

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """q, (n, C), rows summing to one, without what was mixed in evenly; one-hot for labels.

        What top-k answers leave out is spread evenly. A zero stands for a little mass: much less than an unrounded
        answer tells, no less than a rounded one can.
        """
        if self.kind is Kind.LABELS:
            return self._raw
        floor = UNDERFLOW if self.fine else SMALLEST_PROBABILITY
        floored = np.maximum(without_uniform(self._raw, self._uniform_share), floor)
        return np.asarray(floored / floored.sum(axis=1, keepdims=True))

    def tempered(self, temperature: float) -> NDArray[np.float64]:
        """softmax(log q / T), (n, C): the answers with small probabilities raised.

        Raises:
            UnknownKind: labels have no probabilities.
        """
        return softmax(self.log_probabilities / temperature)

    @cached_property
    def _uniform_share(self) -> float:
        return 0.0 if self.kind in (Kind.TOP_K, Kind.LABELS) else uniform_share(self._raw)

    @cached_property
    def _raw(self) -> NDArray[np.float64]:
        match self.kind:
            case Kind.LABELS:
                one_hot: NDArray[np.float64] = np.eye(self.classes)[self.values]
                return one_hot
            case Kind.PROBS | Kind.TOP_K:
                return np.asarray(self._spread / self._spread.sum(axis=1, keepdims=True))
            case _:
                return softmax(self.values)

    @property
    def reported(self) -> NDArray[np.bool_]:
        """(n, C): which classes the suspect gave a number for; all of them except in top-k answers."""
        if self.kind is Kind.TOP_K:
            return np.asarray(self.values > 0)
        return np.ones((self.count, self.classes), dtype=np.bool_)

    @property
    def _spread(self) -> NDArray[np.float64]:
        hidden = ~self.reported
        left = np.maximum(1.0 - self.values.sum(axis=1), 0.0) / np.maximum(hidden.sum(axis=1), 1)
        return np.where(hidden, left[:, None], self.values) if self.kind is Kind.TOP_K else self.values

    def to_bytes(self) -> bytes:
        """Kind, classes and shape, a line each, then the values, little-endian: all of what was answered."""
        shape = ",".join(map(str, self.values.shape))
        head = f"{TAG}\n{self.kind}\n{self.classes}\n{shape}\n".encode()
        return head + self.values.astype("<i8" if self.kind is Kind.LABELS else "<f8").tobytes()

    @cached_property
    def digest(self) -> str:
        """Digest of the bytes: what the log's entry stands for."""
        return canonical.digest(self.to_bytes())


def observe(kind: str, answers: ArrayLike, *, probes: int, classes: int) -> Observation:
    """The checked observation of a suspect's answers.

    Args:
        kind: `logits`, `logprobs`, `probs`, `top_k` or `labels`.
        answers: one row per probe, in the order of the probes.
        probes: n of the release.
        classes: C of the release.

    Raises:
        UnknownKind, WrongShape, ProbeCountMismatch, NotFinite, NotProbabilities, LabelOutOfRange, ConstantOutputs.

    Example:
        >>> observe("labels", [0, 2, 1], probes=3, classes=3).probabilities[1].tolist()
        [0.0, 0.0, 1.0]
    """
    known = _kind(kind)
    raw = _numeric(answers)
    values = _labels(raw, probes, classes) if known is Kind.LABELS else _scores(raw, known, probes, classes)
    if np.ptp(values, axis=0).max() == 0:
        raise ConstantOutputs(
            f"all {probes} answers are the same: there is no evidence in them; check how probes were sent"
        )
    values.setflags(write=False)
    return Observation(kind=known, values=values, classes=classes)


def _kind(kind: str) -> Kind:
    try:
        return Kind(kind)
    except ValueError as error:
        raise UnknownKind(f"kind {kind!r} is none of {', '.join(Kind)}; say what the suspect's answers are") from error


def _numeric(answers: ArrayLike) -> NDArray[Any]:
    try:
        raw = np.asarray(answers)
    except ValueError as error:
        raise WrongShape("rows of different lengths; give one row of C numbers for each probe") from error
    if raw.dtype.kind not in "fiub":
        raise WrongShape(f"answers of type {raw.dtype}; give real numbers")
    return raw


def _count(raw: NDArray[Any], probes: int) -> None:
    if raw.shape[0] != probes:
        raise ProbeCountMismatch(f"{raw.shape[0]} answers to {probes} probes; answer every probe once, in order")


def _labels(raw: NDArray[Any], probes: int, classes: int) -> NDArray[Any]:
    if raw.ndim != 1:
        raise WrongShape(f"labels of shape {raw.shape}; give one class number for each probe: ({probes},)")
    _count(raw, probes)
    if not np.isfinite(raw).all():
        raise NotFinite("labels hold NaN or infinity; give class numbers")
    if (raw != np.floor(raw)).any() or raw.min() < 0 or raw.max() >= classes:
        raise LabelOutOfRange(f"labels between {raw.min()} and {raw.max()}; give whole numbers from 0 to {classes - 1}")
    return raw.astype(np.int64)


def _scores(raw: NDArray[Any], kind: Kind, probes: int, classes: int) -> NDArray[Any]:
    if raw.ndim != 2 or raw.shape[1] != classes:
        raise WrongShape(
            f"{kind} of shape {raw.shape}; give ({probes}, {classes}): one row of {classes} for each probe"
        )
    _count(raw, probes)
    values = raw.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        raise NotFinite(f"{bad.size} rows hold NaN or infinity, the first is row {bad[0]}; ask those probes again")
    if kind is Kind.PROBS:
        _check_sums(values.sum(axis=1), values.min(), "probs")
    elif kind is Kind.TOP_K:
        _check_top_k(values)
    elif kind is Kind.LOGPROBS:
        _check_sums(np.exp(np.minimum(logsumexp(values), 50.0)), 0.0, "logprobs")
    return values


def _check_top_k(values: NDArray[np.float64]) -> None:
    silent = np.flatnonzero(values.max(axis=1) <= 0)
    if silent.size:
        raise NotProbabilities(f"top_k: row {silent[0]} reports no class; leave zero only what was not reported")
    complete = (values > 0).all(axis=1)
    sums = values.sum(axis=1)
    _check_sums(np.where(complete, sums, np.maximum(sums, 1.0)), float(values.min()), "top_k")


def _check_sums(sums: NDArray[np.float64], smallest: float, kind: str) -> None:
    if smallest < 0:
        raise NotProbabilities(f"{kind} hold a negative value, {smallest:.3g}; send them as logits if they are scores")
    off = np.abs(sums - 1)
    if off.max() > PROBABILITY_TOLERANCE:
        row = int(off.argmax())
        raise NotProbabilities(f"{kind}: row {row} sums to {sums[row]:.4g}, not 1; send all classes, or send logits")

"""Answers read back from their canonical bytes, checked as if they had just been given."""

import numpy as np

from fingerprint.errors import CanonicalMalformed
from fingerprint.observation import TAG, Kind, Observation, observe

_LINES, _WIDTH, _LONGEST_HEAD = 4, 8, 200


def read_observation(data: bytes, *, probes: int, classes: int) -> Observation:
    """The observation whose bytes are `data`.

    Law: `read_observation(o.to_bytes(), probes=o.count, classes=o.classes).to_bytes() == o.to_bytes()`.

    Args:
        data: what `Observation.to_bytes` wrote.
        probes: n of the release.
        classes: C of the release.

    Raises:
        CanonicalMalformed: other bytes, or of a release of other size.
        fingerprint.errors.ObservationError: answers that cannot be used.
    """
    try:
        lines = data[:_LONGEST_HEAD].split(b"\n", _LINES)[:_LINES]
        tag, kind, stated, shape = (line.decode("ascii") for line in lines)
        sizes = tuple(int(size) for size in shape.split(","))
        body = memoryview(data)[sum(map(len, lines)) + _LINES :]
        whole = tag == TAG and int(stated) == classes and sizes[0] == probes and len(sizes) <= 2
        if not whole or len(body) != _WIDTH * probes * (sizes[1] if len(sizes) == 2 else 1):
            raise CanonicalMalformed(f"not the answers to {probes} probes over {classes} classes")
        values = np.frombuffer(body, dtype="<i8" if kind == Kind.LABELS else "<f8").reshape(sizes)
    except ValueError as error:
        raise CanonicalMalformed(f"not the bytes of an observation: {error}") from error
    found = observe(kind, values, probes=probes, classes=classes)
    if found.to_bytes() != data:
        raise CanonicalMalformed("not the bytes of an observation as they are written")
    return found

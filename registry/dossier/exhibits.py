"""What a pack about one accused holds, before it is illustrated and signed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

PROPOSITIONS = {
    "h1": "The suspect's answers depend on the copy that was made for the accused device.",
    "h0": "The suspect's answers have nothing to do with the accused device's copy.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One of the log's entries about the accused, for a timeline."""

    what: str
    index: int
    at: str


@dataclass(frozen=True, kw_only=True)
class Exhibits:
    """Everything that is disclosed about one accused.

    Attributes:
        predicate: the statement's predicate: what the pack says.
        members: the pack's members by name, without statement and report.
        fresh_scores: scores of codewords that belong to nobody, float64 (M,).
        timeline: the log's entries about the accused, in their order.
    """

    predicate: Mapping[str, Any]
    members: Mapping[str, bytes] = field(repr=False)  # a codeword and a release key are among them
    fresh_scores: NDArray[np.float64] = field(repr=False)
    timeline: tuple[Milestone, ...]

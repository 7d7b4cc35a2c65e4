"""What a scheme makes of a suspect's answers before any codeword is seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Computed without any codeword; what its numbers are is the scheme's business.

    Attributes:
        release: release id of the pack it was gathered with.
        values: float64; `subspace`: y, one soft value per carrier, (L,).
        kind, probes, scheme, alpha: copied from observation and pack.
        observation_digest: digest of the answers.
        inputs: the probes, float64 (n, D), where a scheme scores a codeword against them; None elsewhere.
        settings: the scheme's constants, copied from the pack.
    """

    release: str
    values: NDArray[np.float64]
    kind: str
    probes: int
    scheme: str
    alpha: float
    observation_digest: str
    inputs: NDArray[np.float64] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bits(self) -> int:
        """L, length of the codewords that it can be scored against."""
        return int(self.settings.get("bits", self.values.size))

"""A scheme: how a codeword gets into a teacher's logits, and how a suspect's answers become evidence of it.

Three steps, in this order, and the types keep them apart:

    shift     signer     logits, whitened features, codeword -> change of the logits
    gather    verifier   answers -> evidence; no codeword can be passed
    score     verifier   evidence, codewords -> scores and valid p-values

The first two are the scheme's `Scheme`, the third its `Scoring` (`fingerprint.schemes.scores`) in a module that nothing
which gathers evidence can import: the arrows keep the theorem. A scheme is one folder here, one row in `CATALOGUE` and
one in `fingerprint.schemes.scoring`; a conformance suite runs over all rows.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint.carriers import Rotation
from fingerprint.errors import ParameterError
from fingerprint.observation import Observation
from fingerprint.pool import Pool
from fingerprint.whitening import Whitening

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]
Settings = Mapping[str, Any]  # plain JSON values


class Pack(Protocol):
    """What a scheme reads of a verifier pack."""

    @property
    def release_key(self) -> bytes: ...  # noqa: D102 - described at `VerifierPack`, here and below
    @property
    def probes(self) -> NDArray[np.float32]: ...  # noqa: D102
    @property
    def features(self) -> NDArray[np.float32]: ...  # noqa: D102
    @property
    def references(self) -> Mapping[str, NDArray[np.float32]]: ...  # noqa: D102
    @property
    def pool(self) -> Pool: ...  # noqa: D102
    @property
    def ridge(self) -> float: ...  # noqa: D102
    @property
    def settings(self) -> Settings: ...  # noqa: D102
    @property
    def tensors(self) -> Mapping[str, NDArray[np.float32]]: ...  # noqa: D102
    @property
    def classes(self) -> int: ...  # noqa: D102
    @property
    def components(self) -> int: ...  # noqa: D102
    @property
    def rotation(self) -> Rotation: ...  # noqa: D102
    @property
    def expressed(self) -> NDArray[np.float32] | None: ...  # noqa: D102
    def rows(self, part: str) -> NDArray[np.intp]: ...  # noqa: D102


class Kit(Protocol):
    """What a scheme reads of a signing kit."""

    @property
    def whitening(self) -> Whitening: ...  # noqa: D102 - described at `SigningKit`, here and below
    @property
    def classes(self) -> int: ...  # noqa: D102
    @property
    def strength(self) -> float: ...  # noqa: D102
    @property
    def sigma(self) -> float: ...  # noqa: D102
    @property
    def minting(self) -> Floats | None: ...  # noqa: D102
    @property
    def settings(self) -> Settings: ...  # noqa: D102
    @property
    def rotation(self) -> Rotation: ...  # noqa: D102


class Scheme(Protocol):
    """One scheme. It holds no state and no randomness."""

    @property
    def name(self) -> str:
        """As written in packs, kits and verdicts."""
        ...

    @property
    def version(self) -> int:
        """Raised when the same pack would give other evidence."""
        ...

    @property
    def statistic(self) -> str:
        """Formula of the score."""
        ...

    @property
    def bound(self) -> str:
        """Formula of the p-value."""
        ...

    @property
    def scores_inputs(self) -> bool:
        """Whether a codeword is scored against the probes themselves, so that the evidence must hold them."""
        ...

    def bits(self, *, classes: int, components: int, settings: Settings) -> int:
        """L, length of a codeword."""
        ...

    def greatest_score(self, *, classes: int, bits: int) -> float | None:
        """The largest score there can be; None when there is no such bound."""
        ...

    def check(self, pack: Pack) -> None:
        """Raise ParameterError for a pack that this scheme cannot verify with."""
        ...

    def shift(
        self, kit: Kit, codeword: ArrayLike, *, inputs: ArrayLike, logits: ArrayLike, whitened: ArrayLike
    ) -> Floats:
        """Change of the logits, float64 (n, C), for inputs (n, ...), the teacher's logits (n, C), h(x) (n, k)."""
        ...

    def head_change(self, kit: Kit, codeword: ArrayLike) -> tuple[Floats, Floats]:
        """Weight change (C, F') and bias change (C,) of a minting base; ParameterError if it cannot be minted."""
        ...

    def gather(self, pack: Pack, observation: Observation) -> Floats:
        """Values of the evidence: blind."""
        ...


def checked_codewords(codewords: Signs, bits: int) -> Signs:
    """The codewords, if they are (N, L) signs.

    Raises:
        ParameterError: another shape or other values.
    """
    if codewords.ndim != 2 or codewords.shape[1] != bits:
        raise ParameterError(f"codewords of shape {codewords.shape}; this release has {bits} bits a codeword")
    if not ((codewords == 1) | (codewords == -1)).all():
        raise ParameterError("codewords hold values other than -1 and +1")
    return codewords


def checked_codeword(codeword: ArrayLike, bits: int) -> Signs:
    """One codeword (L,) as int8.

    Raises:
        ParameterError: another shape or other values.
    """
    array = np.asarray(codeword)
    if array.ndim != 1:
        raise ParameterError(f"a codeword of this release is {bits} values of -1 or +1, not shape {array.shape}")
    signs: Signs = checked_codewords(array[None].astype(np.int8), bits)[0]
    return signs

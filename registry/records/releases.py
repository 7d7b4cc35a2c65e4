"""Releases and copies as the registry hands them out."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Method(StrEnum):
    """How a copy came to carry its codeword."""

    DISTILLED = "distilled"
    MINTED = "minted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A committed release.

    Attributes:
        id: random id, the one that log entries use.
        name: unique within the tenant.
        release_id: digest of the verifier pack, the one that codewords are bound to.
        pack_digest: digest of the stored pack file.
        commitment_digest: digest of the canonical bytes of the pack's commitment.
        alpha: declared bound on the probability of naming any innocent.
        bits: L, length of a codeword.
        entry_index: index of its commitment in the log.
    """

    id: str
    name: str
    release_id: str
    pack_digest: str
    commitment_digest: str
    alpha: float
    bits: int
    committed_at: datetime
    entry_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What the signer needs to make one copy: the registrar's nonce and the codeword drawn from it.

    Attributes:
        copy_id: id of the copy to be issued.
        release: name of the release.
        device: name of the device.
        nonce: 32 bytes drawn after the release was committed.
        codeword: int8 of shape (L,), values -1 and +1; hand it to the signer and to nobody else.
        entry_index: index of the reservation in the log.
    """

    copy_id: str
    release: str
    device: str
    nonce: bytes
    codeword: NDArray[np.int8] = field(repr=False, compare=False)
    entry_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of a release for a device: reserved, and issued once `issued_at` is set."""

    id: str
    release: str
    device: str
    reserved_at: datetime
    reservation_index: int
    artefact_digest: str | None
    method: Method | None
    issued_at: datetime | None
    entry_index: int | None

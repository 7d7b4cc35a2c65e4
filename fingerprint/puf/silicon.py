"""A simulated chip as a value that can be kept in a file: kind, secret, size, parameters.

The secret stands for the process variation of the chip: whoever reads these bytes owns the chip. Keep them as a device
would keep itself; they are for simulation, demonstration and tests, and they never go to a registry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed, ParameterError
from fingerprint.puf import catalogue
from fingerprint.puf.base import Bits, WeakPuf
from fingerprint.puf.environment import NOMINAL, Environment

TAG = "countermark/silicon"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Silicon:
    """A portable description of one simulated chip.

    Law: `Silicon.from_bytes(s.to_bytes()) == s`, and equal values build the same chip on every machine.

    Attributes:
        kind: a kind of `fingerprint.puf.catalogue.WEAK`.
        secret: 32 bytes from which the process variation is drawn.
        cells: response bits.
        parameters: the kind's numeric parameters; those left out have the kind's defaults.

    Raises:
        ParameterError: a secret of another length, an unknown kind or parameter, no cells.
    """

    kind: str
    secret: bytes = field(repr=False)
    cells: int
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES:
            raise ParameterError(f"a secret of {len(self.secret)} bytes; silicon needs {SECRET_BYTES}")
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        self.puf()

    def __hash__(self) -> int:
        return hash((self.kind, self.secret, self.cells, tuple(sorted(self.parameters.items()))))

    @classmethod
    def manufacture(
        cls,
        entropy: Callable[[int], bytes],
        *,
        cells: int,
        kind: str = "sram",
        parameters: Mapping[str, float] | None = None,
    ) -> "Silicon":
        """A new chip whose variation is drawn from `entropy`, for example `os.urandom`.

        Example:
            >>> import os
            >>> Silicon.manufacture(os.urandom, cells=64).puf().cells
            64
        """
        return cls(kind=kind, secret=entropy(SECRET_BYTES), cells=cells, parameters=parameters or {})

    def puf(self) -> WeakPuf:
        """The chip itself: the same one every time."""
        return catalogue.build(self.kind, self.secret, cells=self.cells, parameters=self.parameters)

    def read(self, noise: np.random.Generator, *, reads: int = 1, environment: Environment = NOMINAL) -> Bits:
        """Read-outs of the chip, uint8 of shape (reads, cells); the noise comes from the given generator."""
        return self.puf().read(noise, reads=reads, environment=environment)

    def to_bytes(self) -> bytes:
        """Canonical bytes; they hold the secret."""
        fields = {
            "kind": self.kind,
            "secret": self.secret.hex(),
            "cells": self.cells,
            "parameters": dict(self.parameters),
        }
        return canonical.encode(TAG, fields)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Silicon":
        """The chip whose canonical bytes are `data`.

        Raises:
            CanonicalMalformed: not the canonical bytes of a simulated chip.
        """
        fields: dict[str, Any] = canonical.decode(TAG, data)
        try:
            return cls(**{**fields, "secret": bytes.fromhex(fields["secret"])})
        except (TypeError, KeyError, ValueError) as error:
            raise CanonicalMalformed(f"{TAG}: not a simulated chip: {error}") from error

"""Codewords of the copies to be: reserved in the registry and kept beside the copies, or given as a folder of files."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.commands import files
from api.commands.desks import Desk
from api.distilling import arrays
from api.distilling.workplace import Workplace
from distill import atomic
from distill.config import Config
from fingerprint import canonical
from fingerprint.codeword import pack_bits, unpack_bits
from fingerprint.errors import CanonicalMalformed, ParameterError
from fingerprint.kit import SigningKit

TAG = "countermark/distilled-reservation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """What one copy carries.

    Attributes:
        codeword: int8 (L,).
        copy_id: of the registry's copy; None for a codeword that was given.
    """

    codeword: NDArray[np.int8] = field(repr=False)
    copy_id: str | None


def of(config: Config, device: str) -> Reserved:
    """The device's codeword.

    Raises:
        FileProblem: none there, or no codeword.
    """
    if config.copies.codewords is not None:
        return _given(config.copies.codewords / f"{device}.npy")
    path = Workplace(config.run.out).reserved(device)
    try:
        fields = canonical.decode(TAG, files.read(path))
        return Reserved(
            codeword=unpack_bits(bytes.fromhex(fields["codeword"]), int(fields["bits"])), copy_id=str(fields["copy"])
        )
    except (CanonicalMalformed, ParameterError, KeyError, ValueError, TypeError) as error:
        raise files.FileProblem(
            f"{path} is no reservation ({error}); move it away, and another copy is reserved"
        ) from error


def reserve(desk: Desk, config: Config, device: str) -> None:
    """Reserve a copy for the device, once: a codeword that lies here already is kept.

    A run that is killed before the file is there leaves a reservation without a copy, which harms nobody.

    Raises:
        RegistryError, ServiceError: no such device, or a revoked one.
    """
    path = Workplace(config.run.out).reserved(device)
    if path.exists():
        return
    made = desk.reserve_copy(config.copies.release, device)
    fields = {"copy": made.copy_id, "bits": made.bits, "codeword": pack_bits(made.signs()).hex()}
    atomic.write(path, canonical.encode(TAG, fields), mode=files.PRIVATE)


def check(config: Config, kit: SigningKit) -> None:
    """Return if every device has a codeword of this release, before the first copy is trained.

    Raises:
        FileProblem: the message names the device and how it gets one.
        ParameterError: a codeword of another release.
    """
    for device in config.copies.devices:
        found = of(config, device).codeword
        if len(found) != kit.bits:
            raise ParameterError(
                f"the codeword of {device!r} has {len(found)} bits, the release {kit.bits}; reserve it for this release"
            )


def missing(config: Config) -> tuple[str, ...]:
    """Devices without a codeword in the folder that the configuration names."""
    folder = config.copies.codewords
    return tuple(name for name in config.copies.devices if folder is None or not (folder / f"{name}.npy").exists())


def _given(path: Path) -> Reserved:
    found = arrays.chosen(path, "codeword")
    if found.dtype.kind not in "if" or found.ndim != 1 or not np.isin(found, (-1, 1)).all():
        raise files.FileProblem(f"{path} is no codeword of -1 and 1; write it with `countermark copy reserve`")
    return Reserved(codeword=found.astype(np.int8), copy_id=None)

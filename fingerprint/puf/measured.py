"""Measured read-outs: bytes of files to arrays, in the same shapes as the simulation gives.

Ring oscillators: one CSV file per chip, a row per oscillator, a column per repeated sample, frequencies in one unit
throughout; a comma at the end of a row is allowed (the format of Maiti et al., HOST 2010). SRAM: one raw binary dump
per power-up, most significant bit first.
"""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import MeasurementMalformed
from fingerprint.puf.base import Bits

T = TypeVar("T", bound=np.generic)


def parse_frequencies(data: bytes, *, name: str) -> NDArray[np.float64]:
    r"""Frequencies of one chip, float64 (samples, oscillators).

    Args:
        data: the CSV file's bytes.
        name: the file's name, for messages.

    Example:
        >>> parse_frequencies(b"200.1,200.2\n199.0,199.1\n", name="chip_1.csv").tolist()
        [[200.1, 199.0], [200.2, 199.1]]

    Raises:
        MeasurementMalformed: not text, no row, rows of different length, or a value that is no positive number.
    """
    try:
        lines = data.decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise MeasurementMalformed(f"{name}: not a CSV file of numbers: byte {error.start} is not ASCII") from error
    rows = [_row(line, name, number) for number, line in enumerate(lines, start=1)]
    if not rows:
        raise MeasurementMalformed(f"{name}: no row; expected one per oscillator")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise MeasurementMalformed(f"{name}, row {number}: {len(row)} samples, row 1 has {len(rows[0])}")
    return np.stack(rows, axis=1)


def _row(line: str, name: str, number: int) -> NDArray[np.float64]:
    cells = line.strip().removesuffix(",").split(",")
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError as error:
        raise MeasurementMalformed(f"{name}, row {number}: {error}") from error
    if not (np.isfinite(values) & (values > 0)).all():
        raise MeasurementMalformed(f"{name}, row {number}: a frequency must be a positive finite number")
    return values


def frequencies(files: Mapping[str, bytes]) -> NDArray[np.float64]:
    """Frequencies of a population, float64 (chips, samples, oscillators), chips in the order of the mapping.

    Raises:
        MeasurementMalformed: no file, a file that does not parse, or files of different shape.
    """
    return _stack({name: parse_frequencies(data, name=name) for name, data in files.items()}, "(samples, oscillators)")


def parse_dump(data: bytes, *, name: str) -> Bits:
    r"""Start-up values of one power-up, uint8 (cells,).

    Example:
        >>> parse_dump(b"\x81", name="read_1.bin").tolist()
        [1, 0, 0, 0, 0, 0, 0, 1]

    Raises:
        MeasurementMalformed: an empty file.
    """
    if not data:
        raise MeasurementMalformed(f"{name}: an empty dump; expected the bytes of one power-up")
    return np.unpackbits(np.frombuffer(data, dtype=np.uint8))


def dumps(chips: Mapping[str, Mapping[str, bytes]]) -> Bits:
    """Start-up values of a population, uint8 (chips, reads, cells).

    Args:
        chips: chip name to (file name to bytes), power-ups in order.

    Raises:
        MeasurementMalformed: no chip or no dump, an empty one, or dumps or chips of different size.
    """
    stacked = {}
    for chip, files in chips.items():
        parsed = {f"{chip}/{name}": parse_dump(data, name=f"{chip}/{name}") for name, data in files.items()}
        stacked[chip] = _stack(parsed, "(cells,)", what=chip)
    return _stack(stacked, "(power-ups, cells)")


def _stack(arrays: Mapping[str, NDArray[T]], axes: str, what: str = "measurements") -> NDArray[T]:
    if not arrays:
        raise MeasurementMalformed(f"{what}: no file to read")
    first, *others = arrays
    for name in others:
        if arrays[name].shape != arrays[first].shape:
            raise MeasurementMalformed(f"{name}: shape {axes} {arrays[name].shape}, {first} has {arrays[first].shape}")
    return np.stack(list(arrays.values()))

"""A directory of measured files to responses.

```
DIR/chip_1.csv, DIR/chip_2.csv, ...     ring oscillators: one CSV file per chip
DIR/board_1/read_1.bin, ...             SRAM: one directory per chip, one raw dump per power-up
```
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.commands import files
from fingerprint.puf import measured, pairing


class NothingMeasured(files.FileProblem):
    """A directory that holds no measured files, or both kinds at once."""


def read_directory(path: Path, *, pairs: str) -> tuple[str, NDArray[np.uint8]]:
    """The kind of PUF and its responses, uint8 (devices, reads, bits).

    Args:
        path: the directory.
        pairs: name of the pairing for ring oscillators.

    Raises:
        NothingMeasured: neither CSV files nor directories of dumps, or both.
        FileProblem: a file cannot be read.
        MeasurementMalformed: a file does not parse; the message names file, row and reason.
        ParameterError: no pairing of this name.
    """
    if not path.is_dir():
        raise NothingMeasured(f"{path} is no directory; give the one that holds the measured files")
    tables = _sorted(path.glob("*.csv"))
    boards = {board.name: _sorted(board.glob("*.bin")) for board in _sorted(path.iterdir()) if board.is_dir()}
    boards = {name: dumps for name, dumps in boards.items() if dumps}
    if bool(tables) == bool(boards):
        found = "both" if tables else "neither"
        raise NothingMeasured(f"{path} holds {found} CSV files of ring oscillators and directories of *.bin SRAM dumps")
    if tables:
        hertz = measured.frequencies({table.name: files.read(table) for table in tables})
        return "ring-oscillator", pairing.compare(hertz, pairing.find(pairs)(hertz.shape[2]))
    dumps = {board: {dump.name: files.read(dump) for dump in found} for board, found in boards.items()}
    return "sram", measured.dumps(dumps)


def _sorted(paths: Iterable[Path]) -> list[Path]:
    """Names with numbers in the order of their numbers: chip_2 before chip_10."""
    return sorted(paths, key=lambda path: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", path.name)])

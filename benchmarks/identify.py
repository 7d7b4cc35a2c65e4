"""Identification among 10^4 to 10^7 devices: `python -m benchmarks.identify --json FILE`.

For every size one process makes an index file of random codewords and takes, in turn and several times over, so that a
busy machine is busy for all of them alike:

- `search` with each engine, on all processors, of a file that is mapped already (`seconds`, as in a service that keeps
  it open) and of one that is mapped for the search;
- a plain read (sum) and a plain copy of 512 MB on all processors: the machine's memory bandwidth;
- numpy: float32 signs (N, L) times evidence, then the best k;
- FAISS: a flat inner-product index of the same float32 signs, one part for each processor, the best k.

The best time of each counts. Float32 signs of 10^7 devices take 20 GB, so numpy and FAISS work through one resident
part of 500,000 devices as often as needed, which favours them if anything. Ratios are their time over ours: above 1 we
are faster. Peak memory is that of a fresh process that opens the file and searches it, mapped pages included.
"""

import argparse
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds, trace
from fingerprint.identify import ENGINES, IndexFile, add_packed, create_index, open_index, search

KEEP = 100
RESIDENT = 500_000  # devices whose float32 signs are kept for numpy and FAISS
PLAIN_BYTES = 2**29
PROCESSORS = os.cpu_count() or 1
Floats = NDArray[np.float64]


def main() -> int:
    """Measure every size, print a table, write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the rows go")
    parser.add_argument("--bits", type=int, default=512)
    parser.add_argument("--devices", type=int, nargs="+", default=[10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peak", nargs=2, metavar=("INDEX", "ENGINE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        return _peak(Path(given.peak[0]), given.peak[1])
    rows: list[dict[str, Any]] = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        for devices in given.devices:
            index = _make(Path(folder) / f"{devices}.cmindex", devices, given.bits)
            rows += _measure(index, given.repeats)
            index.path.unlink()
    numbers = {
        "processors": PROCESSORS,
        "load_before": load,
        "load_after": os.getloadavg()[0],
        "keep": KEEP,
        "rows": rows,
    }
    given.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")
    return 0


def _make(path: Path, devices: int, bits: int) -> IndexFile:
    """A file of random codewords, added piece by piece."""
    rng = seeds.stream("benchmark", "identify", devices, bits)
    index = create_index(path, bits=bits, release="sha256:benchmark")
    spare = -bits % 8
    for start in range(0, devices, RESIDENT):
        rows = rng.integers(0, 256, size=(min(RESIDENT, devices - start), -(-bits // 8)), dtype=np.uint8)
        rows[:, -1] &= 255 >> spare
        index = add_packed(index, rows)
    return index


def _evidence(bits: int) -> Floats:
    return np.asarray(seeds.stream("benchmark", "identify", "evidence").normal(size=bits))


def _measure(index: IndexFile, repeats: int) -> list[dict[str, Any]]:
    evidence = _evidence(index.bits)
    resident = _signs(index)
    _check(index, evidence, resident)
    passes = index.count / len(resident)
    blocks = index.blocks()
    tasks: dict[str, Callable[[], object]] = {
        name: lambda name=name: search(blocks, evidence, keep=KEEP, engine=name) for name in _engines()
    }
    tasks |= {f"{name}, file": lambda name=name: search(index, evidence, keep=KEEP, engine=name) for name in _engines()}
    tasks |= {"numpy product": lambda: _product(resident, evidence.astype(np.float32))}
    tasks |= _faiss(resident, evidence)
    plain = _Plain()
    tasks |= {"read": plain.read, "copy": plain.copy}
    seconds = _best(tasks, repeats)
    return [_row(index, name, seconds, passes) for name in _engines()]


def _row(index: IndexFile, engine: str, seconds: dict[str, float], passes: float) -> dict[str, Any]:
    read = PLAIN_BYTES / seconds["read"]
    packed = index.count * index.blocks().words.shape[1] * 8
    row = {
        "devices": index.count,
        "bits": index.bits,
        "engine": engine,
        "seconds": seconds[engine],
        "seconds_with_mapping": seconds[f"{engine}, file"],
        "devices_per_second": index.count / seconds[engine],
        "read_bytes_per_second": read,
        "copy_bytes_per_second": 2 * PLAIN_BYTES / seconds["copy"],
        "memory_bandwidth_fraction": packed / seconds[engine] / read,
        "ratio_numpy": seconds["numpy product"] * passes / seconds[engine],
        "ratio_faiss": seconds["faiss"] * passes / seconds[engine] if "faiss" in seconds else None,
        "peak_memory_bytes": _peak_of(index.path, engine),
    }
    print(
        f"{row['devices']:>9} x {row['bits']} {engine:6} {row['seconds']:.4f} s  bandwidth"
        f" {row['memory_bandwidth_fraction']:.2f}  numpy x{row['ratio_numpy']:.1f}"
        f"  faiss x{row['ratio_faiss'] or float('nan'):.1f}  {row['peak_memory_bytes'] / 1e6:.0f} MB",
        flush=True,
    )
    return row


def _best(tasks: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    for task in tasks.values():  # compile, map, fill caches
        task()
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            taken[name].append(time.perf_counter() - started)
    return {name: min(times) for name, times in taken.items()}


def _engines() -> list[str]:
    return [name for name in ENGINES if name != "numba" or importlib.util.find_spec("numba")]


def _signs(index: IndexFile) -> NDArray[np.float32]:
    """Float32 signs of the first devices, as numpy and FAISS need them."""
    words = index.blocks().words
    count = min(index.count, RESIDENT)
    signs = np.empty((count, index.bits), dtype=np.float32)
    size = words.shape[2]
    for number in range(-(-count // size)):
        rows = np.ascontiguousarray(words[number].T)[: count - number * size].view(np.uint8)
        bits = np.unpackbits(rows, axis=1, bitorder="little", count=index.bits)
        signs[number * size : number * size + len(bits)] = 2.0 * bits - 1.0
    return signs


def _check(index: IndexFile, evidence: Floats, signs: NDArray[np.float32]) -> None:
    """The fast scores are those of the slow formula, and none of the resident devices is missing."""
    found = search(index, evidence, keep=KEEP)
    scores = trace.scores(evidence, signs.astype(np.int8))
    inside = found.positions < len(signs)
    if not np.allclose(found.scores[inside], scores[found.positions[inside]], atol=1e-9):
        raise AssertionError("the search's scores differ from the formula's")
    if (scores > found.scores[-1] + 1e-9).sum() != (found.scores[inside] > found.scores[-1] + 1e-9).sum():
        raise AssertionError("the search missed a device")


def _product(signs: NDArray[np.float32], evidence: NDArray[np.float32]) -> NDArray[np.int64]:
    scores = signs @ evidence
    return np.argpartition(scores, -KEEP)[-KEEP:]


def _faiss(signs: NDArray[np.float32], evidence: Floats) -> dict[str, Callable[[], object]]:
    """A flat index in parts; one query of one thread each, for FAISS spreads queries over threads, not devices."""
    if not importlib.util.find_spec("faiss"):
        return {}
    faiss: Any = importlib.import_module("faiss")
    faiss.omp_set_num_threads(1)
    query = evidence.astype(np.float32)[None]
    parts = []
    for part in np.array_split(signs, PROCESSORS):
        parts.append(faiss.IndexFlatIP(signs.shape[1]))
        parts[-1].add(part)
    pool = ThreadPoolExecutor(PROCESSORS)
    return {"faiss": lambda: list(pool.map(lambda part: part.search(query, KEEP), parts))}


class _Plain:
    """What the memory can do: reading and copying, one thread for each processor."""

    def __init__(self) -> None:
        self._from = np.ones(PLAIN_BYTES // 8)
        self._to = np.zeros_like(self._from)
        self._pool = ThreadPoolExecutor(PROCESSORS)

    def read(self) -> object:
        """Every byte once."""
        return list(self._pool.map(np.sum, np.array_split(self._from, PROCESSORS)))

    def copy(self) -> object:
        """Every byte read and written once."""
        parts = zip(np.array_split(self._to, PROCESSORS), np.array_split(self._from, PROCESSORS), strict=True)
        return list(self._pool.map(lambda pair: np.copyto(*pair), parts))


def _peak_of(path: Path, engine: str) -> int:
    command = [sys.executable, "-m", "benchmarks.identify", "--json", os.devnull, "--peak", str(path), engine]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _peak(path: Path, engine: str) -> int:
    index = open_index(path)
    search(index, _evidence(index.bits), keep=KEEP, engine=engine)
    status = Path("/proc/self/status").read_text(encoding="ascii")  # ru_maxrss would count the parent before exec
    print(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A teacher's outputs computed once and kept on disk: memory-mapped, checked by digest, gone on with after a kill.

    FOLDER/NAME/manifest.json   what was computed from what, and SHA-256 of every block of rows, as canonical JSON
    FOLDER/NAME/scores.npy      float32 (n, C)
    FOLDER/NAME/features.npy    float32 (n, F)

NAME is made of the digests of teacher and inputs, of dtype and features: other outputs never share a folder. Blocks
are written in order; the manifest names a block only when its bytes are in the files, and is replaced in one step.
Whatever is killed, what the manifest names is kept and the rest is computed again. bfloat16 outputs are kept as
float32, which holds them exactly.
"""

import fcntl
import hashlib
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from distill import artefact, atomic, checkpoint
from distill.computing import PLAIN, Computing
from distill.errors import OutputsCorrupt, SettingsError
from distill.outputs import reader
from distill.scores import Scores
from distill.taps import Features
from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed

TAG = "countermark/teacher-outputs"
MANIFEST, SCORES, FEATURES = "manifest.json", "scores.npy", "features.npy"
ROWS = 4096
_NAME = 32  # hexadecimal digits
Floats = np.memmap[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder holds.

    Attributes:
        key: digests of teacher and inputs, dtype, features, rows of a block: plain JSON values.
        widths: (C, F).
        blocks: digests of the blocks that are whole, in order.
    """

    key: dict[str, Any]
    widths: tuple[int, int]
    blocks: tuple[str, ...] = field(default=())

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return canonical.encode(TAG, {"key": self.key, "widths": list(self.widths), "blocks": list(self.blocks)})


def stored(
    teacher: nn.Module,
    inputs: Tensor,
    features: Features,
    *,
    folder: Path,
    computing: Computing = PLAIN,
    rows: int = ROWS,
    progress: str | None = None,
) -> Scores:
    """What the teacher says of the inputs, from disk; what is not there yet is computed first.

    The tensors are mapped from the files and may be written to; nothing that is written reaches the disk.

    Args:
        teacher: any module whose output is logits.
        inputs: (n, ...).
        features: name of the module whose output is the penultimate features.
        folder: of all stored outputs; made if it is missing.
        computing: processor, dtype, compiler.
        rows: of a block, at least 1.
        progress: caption of a progress bar; None for silence.

    Raises:
        OutputsCorrupt: a file is not what was stored; the message names it and the way out.
        SettingsError: features that have no name to keep outputs under.
        FeaturesNotFound: no such module, or the forward pass never reached it.
    """
    if not isinstance(features, str):
        raise SettingsError("features given as a callable have no name to keep outputs under; name the module")
    key = {
        "teacher": canonical.digest(str(teacher).encode() + artefact.to_bytes(teacher)),
        "inputs": checkpoint.digest({"inputs": inputs}),
        "dtype": computing.dtype,
        "features": features,
        "rows": rows,
    }
    place = folder / canonical.digest(canonical.encode(TAG, key)).removeprefix("sha256:")[:_NAME]
    place.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(place):
        blocks = torch.split(inputs, rows)
        manifest = _read(place, key)
        if manifest is not None:
            _check(place, manifest, len(inputs))
        if manifest is None or len(manifest.blocks) < len(blocks):
            manifest = _compute(place, manifest, key, teacher, inputs, computing, progress)
        values, tapped = map(torch.from_numpy, _opened(place, manifest, len(inputs), "c"))
    return Scores(contexts=inputs, values=values, features=tapped)


def _compute(
    place: Path,
    manifest: Manifest | None,
    key: dict[str, Any],
    teacher: nn.Module,
    inputs: Tensor,
    computing: Computing,
    progress: str | None,
) -> Manifest:
    """The blocks that the manifest lacks."""
    blocks = torch.split(inputs, int(key["rows"]))
    done = len(manifest.blocks) if manifest else 0
    with ExitStack() as stack:
        read = stack.enter_context(reader(teacher, str(key["features"]), computing))
        left = tqdm(blocks[done:], progress, len(blocks), initial=done, disable=progress is None, leave=False)
        for part in left:
            found = tuple(tensor.cpu().to(torch.float32).numpy() for tensor in read(part))
            if manifest is None:
                manifest = Manifest(key=key, widths=(found[0].shape[1], found[1].shape[1]))
                _reserve(place, manifest, len(inputs))
            manifest = _add(place, manifest, len(inputs), found)
    assert manifest is not None  # there is one block at least
    return manifest


def _reserve(place: Path, manifest: Manifest, count: int) -> None:
    """Files of the right size; what an earlier attempt left is dropped."""
    for name, width in zip((SCORES, FEATURES), manifest.widths, strict=True):
        header = _header((count, width))
        with (place / name).open("wb") as stream:
            stream.write(header)
            stream.truncate(len(header) + 4 * count * width)


def _add(place: Path, manifest: Manifest, count: int, found: tuple[NDArray[Any], ...]) -> Manifest:
    """One block more: first its bytes, then its name."""
    begin = len(manifest.blocks) * int(manifest.key["rows"])
    for file, values in zip(_opened(place, manifest, count, "r+"), found, strict=True):
        file[begin : begin + len(values)] = values
        file.flush()
    more = Manifest(key=manifest.key, widths=manifest.widths, blocks=(*manifest.blocks, _digest(*found)))
    atomic.write(place / MANIFEST, more.to_bytes())
    return more


def _read(place: Path, key: dict[str, Any]) -> Manifest | None:
    path = place / MANIFEST
    if not path.exists():
        return None
    try:
        fields = canonical.decode(TAG, path.read_bytes())
        scores, features = fields["widths"]
        found = Manifest(key=fields["key"], widths=(scores, features), blocks=tuple(fields["blocks"]))
    except (CanonicalMalformed, KeyError, TypeError, ValueError) as error:
        raise _corrupt(path, f"is no manifest ({error})") from error
    if found.key != key:
        raise _corrupt(path, "is of other outputs than its folder's name says")
    return found


def _check(place: Path, manifest: Manifest, count: int) -> None:
    """Every block that the manifest names has its digest."""
    rows = int(manifest.key["rows"])
    files = _opened(place, manifest, count, "r")
    for number, digest in enumerate(manifest.blocks):
        begin, end = number * rows, min((number + 1) * rows, count)
        if _digest(*(file[begin:end] for file in files)) != digest:
            raise _corrupt(place / SCORES, f"or {FEATURES} beside it was changed: rows {begin} to {end - 1} differ")


def _opened(place: Path, manifest: Manifest, count: int, mode: Any) -> tuple[Floats, ...]:
    """Scores and features, mapped. A header is compared with the one it must be, never parsed."""
    return tuple(
        _map(place / name, (count, width), mode)
        for name, width in zip((SCORES, FEATURES), manifest.widths, strict=True)
    )


def _map(path: Path, shape: tuple[int, int], mode: Any) -> Floats:
    header = _header(shape)
    try:
        with path.open("rb") as stream:
            found = stream.read(len(header))
        if found != header or path.stat().st_size != len(header) + 4 * shape[0] * shape[1]:
            raise _corrupt(path, f"is no npy file of float32 {shape}, or was cut")
        return np.memmap(path, dtype="<f4", mode=mode, offset=len(header), shape=shape)
    except OSError as error:
        raise _corrupt(path, f"cannot be read ({error.strerror})") from error


def _header(shape: tuple[int, int]) -> bytes:
    """First bytes of an npy file (version 1.0) of float32 of this shape."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def _digest(*arrays: NDArray[Any]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array, dtype="<f4").data)
    return "sha256:" + found.hexdigest()


def _corrupt(path: Path, what: str) -> OutputsCorrupt:
    return OutputsCorrupt(f"{path} {what}; remove the folder {path.parent}, and the outputs are computed again")


@contextmanager
def _one_at_a_time(place: Path) -> Iterator[None]:
    """Two processes never write the same outputs: the second waits and finds them done."""
    with (place / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield

"""Inputs and labels from npy, npz and safetensors files of the operator. Nothing is unpickled."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors

from api.commands import files

_NPY, _ZIP = b"\x93NUMPY", b"PK"


def read(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file by name; the array of an npy file has the name ''.

    Raises:
        FileProblem: it cannot be read, or is none of the three.
    """
    data = files.read(path)
    try:
        if data.startswith(_ZIP):
            with np.load(io.BytesIO(data), allow_pickle=False) as opened:
                return dict(opened)
        if data.startswith(_NPY):
            return {"": np.load(io.BytesIO(data), allow_pickle=False)}
        return dict(load_safetensors(data))
    except (SafetensorError, ValueError, TypeError, KeyError, EOFError, OSError) as error:
        raise files.FileProblem(
            f"{path} is no npy, npz or safetensors file of numbers ({error}); save it again"
        ) from error


def inputs(path: Path, *names: str) -> NDArray[np.float32]:
    """The inputs of a file, float32 (n, ...): the array of the first of those names that is there, or the only array.

    Raises:
        FileProblem: none, not numbers, or values that are not finite.
    """
    found = chosen(path, *names)
    if found.dtype.kind not in "fiu" or found.ndim < 2 or not len(found) or not np.isfinite(found).all():
        raise files.FileProblem(
            f"{path} holds {found.dtype} of shape {found.shape}; inputs are finite numbers (n, ...)"
        )
    return found.astype(np.float32)


def labels(path: Path, count: int) -> NDArray[np.int64]:
    """The array `labels` of a file, (count,).

    Raises:
        FileProblem: none, or not one whole number for each input.
    """
    found = read(path).get("labels", np.zeros(0))
    if found.dtype.kind not in "iu" or found.shape != (count,):
        raise files.FileProblem(
            f"{path} needs `labels`, one class number for each of its {count} inputs; save both in it"
        )
    return found.astype(np.int64)


def chosen(path: Path, *names: str) -> NDArray[Any]:
    """The array of the first of those names that is in the file, or its only array.

    Raises:
        FileProblem: several, none of them called so.
    """
    arrays = read(path)
    for name in names:
        if name in arrays:
            return arrays[name]
    if len(arrays) != 1:
        raise files.FileProblem(f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}; call the array {names[0]!r}")
    return next(iter(arrays.values()))

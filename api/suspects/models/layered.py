"""Models that are safetensors and a registered architecture, computed in numpy. Runs in the sandbox only.

1. Every tensor of the file is checked against the architecture by name, shape and type; all that differs is said.
2. Each layer is applied in float32, some probes at a time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects import safetensors
from api.suspects.errors import AnswersError, ModelMalformed, ModelUnfit
from api.suspects.models.architecture import Architecture
from api.suspects.models.fitting import batched, fitted
from api.suspects.models.layers.base import Floats, Shape

_FLOATS = ("F64", "F32", "F16", "BF16")
_COUNTERS = "num_batches_tracked"  # PyTorch's batch normalisation counts its batches; no answer depends on it
_LISTED = 6


def run(data: bytes, probes: NDArray[Any] | None, options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """The model's answers to the probes.

    Raises:
        ModelMalformed: a damaged file or architecture.
        ModelUnfit: tensors that are missing, too many or of another shape, or probes that do not fit.
    """
    architecture = Architecture.from_bytes(str(options["architecture"]).encode())
    tensors = read(data, architecture)
    inputs = fitted(np.asarray(probes).astype(np.float32), architecture.shape)

    def ask(batch: Floats) -> Floats:
        values = batch
        for step in architecture.layers:
            values = step.apply(values, tensors)
        return values

    with np.errstate(all="ignore"):  # what overflows is infinite in the answers, and refused there
        answers = batched(inputs, ask, size=int(options["batch"]))
    return answers, {"tensors": len(tensors), "layers": len(architecture.layers)}


def read(data: bytes, architecture: Architecture) -> dict[str, Floats]:
    """The tensors of a file that fits the architecture, float32.

    Raises:
        ModelMalformed: not safetensors, or truncated.
        ModelUnfit: other tensors than the architecture has.
    """
    try:
        header, body = safetensors.split(data)
        entries = {
            name: safetensors.declare(name, entry)
            for name, entry in header.items()
            if name != safetensors.METADATA and not name.endswith(_COUNTERS)
        }
    except AnswersError as error:
        raise ModelMalformed(f"the model is no safetensors file: {error}") from error
    _check_names(set(entries), set(architecture.tensors))
    found = {}
    for name, (declared, (begin, end)) in entries.items():
        kind = header[name]["dtype"]
        _check_tensor(name, declared.shape, architecture.tensors[name], kind)
        if end - begin != declared.bytes or not 0 <= begin <= end <= len(body):
            raise ModelMalformed(f"tensor {name!r} lies at bytes {begin}..{end} of {len(body)}; the file is truncated")
        values = safetensors.decode(body[begin:end], kind).reshape(declared.shape)
        found[name] = values.astype(np.float32, copy=False)
    return found


def _check_names(given: set[str], wanted: set[str]) -> None:
    parts = [("lacks", wanted - given), ("has beyond it", given - wanted)]
    said = [f"{what} {_shown(names)}" for what, names in parts if names]
    if said:
        raise ModelUnfit(f"the file is not of this architecture: it {' and '.join(said)}")


def _shown(names: set[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(map(repr, sorted(names)[:_LISTED])) + more


def _check_tensor(name: str, given: Shape, wanted: Shape, kind: str) -> None:
    if given != wanted:
        raise ModelUnfit(f"tensor {name!r} has shape {given}, and {wanted} in the architecture")
    if kind not in _FLOATS:
        raise ModelUnfit(f"tensor {name!r} has type {kind}; dequantise the model to floating point first")

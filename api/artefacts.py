"""Copies as files: one device's signature put into the last layer of a base, tensor by tensor, numpy only.

Only `HEAD.weight` and `HEAD.bias` change; every other byte of the base's tensors is carried over as it is, whatever its
type.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api import provenance
from api.state_dicts import ArtefactError, join, split
from api.suspects import safetensors
from api.suspects.errors import AnswersError
from fingerprint.kit import SigningKit
from fingerprint.minting import head_change

__all__ = ["ArtefactError", "check_base", "last_layer", "mint"]
Floats = NDArray[np.float64]


def mint(base: bytes, kit: SigningKit, codeword: NDArray[np.int8], *, head: str, about: Mapping[str, Any]) -> bytes:
    """The copy: W <- W + delta_W, bias <- bias + delta_b of the layer `head`, in the base's own types.

    Args:
        base: a safetensors state dict.
        kit: of the release, with a minting map.
        codeword: c_d, int8 of shape (L,).
        head: name of the last layer, for example `fc`.
        about: what the file says about itself (`api.provenance`); JSON values.

    Raises:
        ArtefactError: not safetensors, a copy already, no such layer, another shape than the kit's, or numbers that
            overflow its type.
        ParameterError: a release that cannot mint, or a codeword of another release.
    """
    header, body = split(base)
    changed = bytearray(body)
    change = head_change(kit, codeword)
    _add(header, changed, f"{head}.weight", change[:, :-1])
    _add(header, changed, f"{head}.bias", change[:, -1])
    return provenance.write(join(header, changed), about)


def last_layer(base: bytes, kit: SigningKit) -> str:
    """Name of the base's last layer: the one linear layer with bias of the shape that the release mints.

    Raises:
        ArtefactError: not safetensors, no such layer, or several of that shape.
        ParameterError: a release that cannot mint.
    """
    header, _ = split(base)
    weight, bias = (list(delta.shape) for delta in kit.head_delta(np.ones(kit.bits, dtype=np.int8)))
    shapes = {name: entry.get("shape") for name, entry in header.items() if name != safetensors.METADATA}
    layers = [name.removesuffix(".weight") for name in shapes if name.endswith(".weight")]
    fitting = [name for name in layers if shapes[f"{name}.weight"] == weight and shapes.get(f"{name}.bias") == bias]
    if len(fitting) != 1:
        found = f"{sorted(fitting)} have" if fitting else "no layer has"
        raise ArtefactError(f"{found} the shape {weight} of the release's last layer; name it with --head")
    return fitting[0]


def check_base(base: bytes, kit: SigningKit, *, head: str) -> None:
    """Return if copies can be minted from the base with the kit: what `mint` would refuse is refused here.

    Raises:
        ArtefactError, ParameterError: as `mint`.
    """
    mint(base, kit, np.ones(kit.bits, dtype=np.int8), head=head, about={})


def _add(header: dict[str, Any], body: bytearray, name: str, delta: Floats) -> None:
    """Add `delta` to one tensor in place."""
    if name not in header:
        layers = sorted({key.rpartition(".")[0] for key in header if key.endswith(".weight")})
        raise ArtefactError(f"the base has no tensor {name!r}; name its last layer with --head, one of {layers}")
    try:
        declared, (begin, end) = safetensors.declare(name, header[name])
    except AnswersError as error:
        raise ArtefactError(f"the base cannot be used: {error}") from error
    if declared.shape != delta.shape or end - begin != declared.bytes or not 0 <= begin <= end <= len(body):
        raise ArtefactError(f"tensor {name!r} of shape {declared.shape} does not fit the kit's {delta.shape}; "
                            "use the base that the release was prepared with")  # fmt: skip
    kind = header[name]["dtype"]
    values = safetensors.decode(bytes(body[begin:end]), kind).reshape(declared.shape).astype(np.float64)
    body[begin:end] = _encode(name, values + delta, kind)


def _encode(name: str, values: Floats, kind: str) -> bytes:
    """The values in the type of their tensor, rounded to nearest."""
    if not np.issubdtype(safetensors.decode(b"", kind).dtype, np.floating):
        raise ArtefactError(f"tensor {name!r} has type {kind}; mint from the floating-point base, quantise afterwards")
    encoded = safetensors.encode(values, kind)
    if not np.isfinite(safetensors.decode(encoded, kind)).all():
        raise ArtefactError(f"tensor {name!r} would hold infinite values in {kind}; use a base in float32")
    return encoded

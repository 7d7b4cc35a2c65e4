"""Probe inputs as a file, in the form that the caller accepts."""

import io
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from starlette.exceptions import HTTPException

from api.media import NPZ, SAFETENSORS

ARRAY_NAME = "probes"


class Form(StrEnum):
    """Forms that probes are handed out in; the first is the default."""

    NPZ = "npz"
    SAFETENSORS = "safetensors"

    @property
    def media_type(self) -> str:
        """Its media type."""
        return NPZ if self is Form.NPZ else SAFETENSORS


def write(probes: NDArray[Any], form: Form) -> bytes:
    """The file that holds the probes as the array `probes`."""
    if form is Form.SAFETENSORS:
        return bytes(save({ARRAY_NAME: np.ascontiguousarray(probes)}))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, probes=probes)
    return buffer.getvalue()


def accepted(accept: str) -> Form:
    """The form that an Accept header (RFC 9110, 12.5.1) prefers; npz where it has no preference.

    Example:
        >>> accepted("text/html, application/vnd.safetensors;q=0.5").value
        'safetensors'

    Raises:
        HTTPException: 406, none of the forms is accepted.
    """
    weights = [(_weight(accept, form.media_type), form) for form in Form]
    weight, form = max(weights, key=lambda pair: pair[0])
    if weight == 0:
        raise HTTPException(406, f"probes come as {NPZ} or {SAFETENSORS}; accept one of them, or say ?format=npz")
    return form


def _weight(accept: str, media_type: str) -> float:
    """The weight of a media type: that of the most specific range which covers it, 0 where none does."""
    family = media_type.partition("/")[0] + "/*"
    ranges = {"*/*": 0, family: 1, media_type: 2}
    covering = [(0, 0.0)]
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name in ranges:
            quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
            covering.append((ranges[name] + 1, _number(quality)))
    return max(covering)[1]


def _number(quality: str) -> float:
    """The weight that `q=` gives; nonsense counts as 0."""
    digits = quality.replace(".", "", 1)
    return min(float(quality), 1.0) if digits.isascii() and digits.isdecimal() else 0.0

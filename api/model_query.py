"""What a request that carries a model's file says beside it; shared by the routes that take one."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.media import OCTETS
from api.uploads import documented_upload
from fingerprint.observation import Kind

MODEL = documented_upload(OCTETS, description="The model: ONNX, safetensors with an architecture, or skops.")
_KindOrNone = Annotated[Kind | None, Query(description="What the answers are; told by the numbers when left out.")]
_Architecture = Annotated[
    str | None, Query(max_length=64, description="Of weights: a name that the operator registered.")
]
_Output = Annotated[str | None, Query(max_length=256, description="Of a model with several outputs: the one to read.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuery:
    """How to read the model: what its answers are, whose weights it is, which output counts."""

    kind: _KindOrNone = None
    architecture: _Architecture = None
    output: _Output = None


Described = Annotated[ModelQuery, Depends()]
"""The query's parameters, as one value."""

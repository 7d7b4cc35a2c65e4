"""What a request that carries a model's file says beside it; shared by the routes that take one."""

from typing import Annotated

from fastapi import Query

from api.media import OCTETS
from api.uploads import documented_upload
from fingerprint.observation import Kind

MODEL = documented_upload(OCTETS, description="The model: ONNX, safetensors with an architecture, or skops.")
KindOrNone = Annotated[Kind | None, Query(description="What the answers are; told by the numbers when left out.")]
Architecture = Annotated[
    str | None, Query(max_length=64, description="Of weights: a name that the operator registered.")
]
Output = Annotated[str | None, Query(max_length=256, description="Of a model with several outputs: the one to read.")]

"""Which format a model's file has, told by its bytes, never by its name."""

from collections.abc import Callable
from dataclasses import dataclass

from api.suspects import safetensors
from api.suspects.errors import ModelMalformed, ModelUnknownFormat
from api.suspects.models import foreign

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf's wire types
_GRAPH = 7
SCHEMA = "schema.json"  # in every skops file, beside arrays such as an npz archive has
# fields of ModelProto: ir_version 1, producer 2 and 3, domain 4, model_version 5, doc 6, graph 7, opset_import 8,
# metadata 14, training 20, functions 25, configuration 26
_MODEL = {1: _VARINT, 5: _VARINT} | dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), _BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFormat:
    """One row of the table of models.

    Attributes:
        name: of its task in the sandbox.
        matches: whether bytes are of this format; the second argument lists a zip archive's entries.
        extra: what must be installed to run it; None for nothing.
    """

    name: str
    matches: Callable[[bytes, frozenset[str]], bool]
    extra: str | None


def looks_like_onnx(data: bytes) -> bool:
    """Whether the bytes are, field by field, a ModelProto with a graph: protobuf has no magic number."""
    at, graph = 0, False
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        if _MODEL.get(field) != wire:
            return False
        value, at = _varint(data, at)
        if wire == _BYTES:
            at += value
        if value < 0:
            return False
        graph = graph or field == _GRAPH
    return graph and at == len(data)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where the next thing begins; the impossible -1 when it does not end."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    return -1, len(data) + 1


MODELS = (
    ModelFormat(name="onnx", matches=lambda data, _entries: looks_like_onnx(data), extra="onnx"),
    ModelFormat(name="skops", matches=lambda _data, entries: SCHEMA in entries, extra="sklearn"),
    ModelFormat(name="safetensors", matches=lambda data, _entries: safetensors.begins_like_one(data), extra=None),
)
"""A new format is one new file, a row here and one among the sandbox's tasks; the conformance suite runs over all."""


def recognise(data: bytes) -> ModelFormat:
    """The format of a model's file.

    Raises:
        ModelMalformed: empty, or a damaged archive.
        ModelUnsafe: a format that would run code.
        ModelUnknownFormat: another one.
    """
    if not data:
        raise ModelMalformed("the file is empty; send ONNX, safetensors or skops")
    entries = foreign.entries_of(data)
    for form in MODELS:
        if form.matches(data, entries):
            return form
    foreign.refuse(data, entries)
    known = ", ".join(form.name for form in MODELS)
    raise ModelUnknownFormat(f"the bytes are none of the formats {known}; export the model as one of them")

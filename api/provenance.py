"""What a copy's file says about itself, written at issue without touching a byte of a tensor.

| format | where |
|---|---|
| safetensors | `countermark.copy` in the header's metadata; tensors are carried over as they lie |
| ONNX | `countermark.copy` in `metadata_props`, as one more field after the file's own bytes, which stay as they are |

The value is canonical JSON of ids and digests; no names. It is a claim, and easily removed: the signature in the
weights is what stays.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from api.state_dicts import ArtefactError, join, split
from api.suspects import safetensors
from fingerprint import canonical
from fingerprint.errors import CanonicalMalformed

TAG = "countermark/copy"
KEY = "countermark.copy"


def write(file: bytes, fields: Mapping[str, Any]) -> bytes:
    """The file with its provenance.

    Raises:
        ArtefactError: neither safetensors nor ONNX, says which copy it is already, or onnx is not installed.
    """
    if _claim(file) is not None:
        raise ArtefactError("the file says which copy it is already; give the file as it came from training")
    value = canonical.encode(TAG, fields).decode()
    return _write_safetensors(file, value) if _is_safetensors(file) else _write_onnx(file, value)


def read(file: bytes) -> dict[str, Any]:
    """What a copy's file says about itself.

    Raises:
        ArtefactError: neither safetensors nor ONNX, or no copy of this program's making.
    """
    claim = _claim(file)
    try:
        return canonical.decode(TAG, (claim or "").encode())
    except CanonicalMalformed as error:
        raise ArtefactError("the file does not say which copy it is; it was not issued by countermark") from error


def _claim(file: bytes) -> str | None:
    if _is_safetensors(file):
        header, _ = split(file)
        found = header.get(safetensors.METADATA, {})
        return found.get(KEY) if isinstance(found, dict) else None
    return next((entry.value for entry in _onnx(file).metadata_props if entry.key == KEY), None)


def _is_safetensors(file: bytes) -> bool:
    """A header's length, then a JSON object: no ONNX file has a brace there and a length that fits."""
    length = int.from_bytes(file[:8], "little")
    return file[8:9] == b"{" and length <= len(file) - 8


def _write_safetensors(file: bytes, value: str) -> bytes:
    header, body = split(file)
    header[safetensors.METADATA] = {**header.get(safetensors.METADATA, {}), KEY: value}
    return join(header, body)


def _write_onnx(file: bytes, value: str) -> bytes:
    """A message of protobuf goes on where another ends: repeated fields are added, and the first bytes stay."""
    onnx = importlib.import_module("onnx")
    entry = onnx.StringStringEntryProto(key=KEY, value=value)
    return file + bytes(onnx.ModelProto(metadata_props=[entry]).SerializeToString())


def _onnx(file: bytes) -> Any:
    try:
        onnx: Any = importlib.import_module("onnx")
    except ModuleNotFoundError as error:
        raise ArtefactError("no safetensors file, and onnx is not installed; install countermark[onnx]") from error
    model = onnx.ModelProto()
    try:
        model.ParseFromString(file)
    except Exception as error:  # the parser's own class lives in another package
        raise ArtefactError("neither a safetensors nor an ONNX file; provenance is written into these two") from error
    if not model.HasField("graph") or not model.opset_import:
        raise ArtefactError("neither a safetensors nor an ONNX file; provenance is written into these two")
    return model

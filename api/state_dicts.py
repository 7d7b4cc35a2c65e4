"""Copies and bases as safetensors files: the header apart from the tensors' bytes, and both put together again."""

import json
from collections.abc import Mapping
from typing import Any

from api.suspects import safetensors
from api.suspects.errors import AnswersError

_ALIGNMENT = 8


class ArtefactError(Exception):
    """A base or copy that cannot be used as one."""


def split(file: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and body.

    Raises:
        ArtefactError: not safetensors, or truncated.
    """
    try:
        header, body = safetensors.split(file)
    except AnswersError as error:
        raise ArtefactError(f"the base is no safetensors file: {error}") from error
    try:
        end = max(int(entry["data_offsets"][1]) for name, entry in header.items() if name != safetensors.METADATA)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ArtefactError("the base is no safetensors file: a tensor does not say where it lies") from error
    if end != len(body):
        raise ArtefactError(f"the base's tensors end at byte {end} of {len(body)}: it is truncated, copy it again")
    return header, body


def join(header: Mapping[str, Any], body: bytes | bytearray | memoryview) -> bytes:
    """The file of this header and body; the tensors stay aligned.

    Law: the parts of `join(*split(file))` are those of the file.
    """
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return safetensors.LENGTH.pack(len(text)) + text + bytes(body)

"""Types of fields on the wire that JSON lacks: bytes, moments, digests. Strict: text only, nothing is guessed."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema


def _to_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError("must be text in base64")  # noqa: TRY004 - pydantic reports ValueError, not TypeError
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ValueError("must be base64 (RFC 4648, with padding)") from error


def to_text(value: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(value).decode()


def _to_moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("must be text in RFC 3339, for example 2027-01-31T12:00:00Z")  # noqa: TRY004 - see above
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("must be a moment in RFC 3339, for example 2027-01-31T12:00:00Z") from error


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must say its time zone, for example 2027-01-31T12:00:00Z")
    return value


Bytes = Annotated[
    bytes,
    BeforeValidator(_to_bytes),
    PlainSerializer(to_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "description": "base64 (RFC 4648)"}),
]
"""Bytes, as base64 on the wire."""

Moment = Annotated[
    datetime,
    BeforeValidator(_to_moment),
    AfterValidator(_aware),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment with its time zone, as RFC 3339 text on the wire."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$", examples=["sha256:" + "0f" * 32])]
"""SHA-256 in hexadecimal, with its name before it."""

Name = Annotated[str, Field(min_length=1, max_length=128)]
"""A name given by the tenant; the registry says which characters it may hold."""

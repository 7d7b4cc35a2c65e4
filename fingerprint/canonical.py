"""One value, one string of bytes: RFC 8785 JSON with a type tag and a version.

The tag keeps the bytes of one kind of value from being read as another's (domain separation). Decoding accepts only
the canonical form, so that two different byte strings never stand for the same value.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from fingerprint.errors import CanonicalMalformed

_TYPE, _VERSION = "type", "version"
_SAFE_INTEGER = 2**53
_PLAIN = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_LONGEST_INTEGER = 400  # digits: no float is longer, and int() would take quadratic time


def encode(tag: str, fields: Mapping[str, Any], *, version: int = 1) -> bytes:
    """Canonical bytes of `fields` under `tag`.

    Law: `decode(tag, encode(tag, fields)) == dict(fields)` for JSON values with string keys.

    Example:
        >>> encode("countermark/example", {"b": 1, "a": 2})
        b'{"a":2,"b":1,"type":"countermark/example","version":1}'

    Raises:
        CanonicalMalformed: a field is named `type` or `version`, or a value is not JSON.
    """
    if _TYPE in fields or _VERSION in fields:
        raise CanonicalMalformed(f"{tag}: the names 'type' and 'version' belong to the envelope; rename the field")
    value = {**fields, _TYPE: tag, _VERSION: version}
    try:
        return _PLAIN.encode(value).encode() if _plain(value) else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise CanonicalMalformed(f"{tag}: a value has no canonical JSON form: {error}") from error


def _plain(value: Any) -> bool:
    """Whether the standard library writes the value as RFC 8785 does: no floats, no large numbers, keys of ASCII."""
    kind = type(value)
    if kind is dict:
        return all(map(_plain_key, value)) and all(map(_plain, value.values()))
    if kind is list or kind is tuple:
        return all(map(_plain, value))
    return kind is str or kind is bool or value is None or (kind is int and -_SAFE_INTEGER < value < _SAFE_INTEGER)


def _plain_key(key: Any) -> bool:
    return type(key) is str and key.isascii()


def decode(tag: str, data: bytes, *, version: int = 1) -> dict[str, Any]:
    """The fields whose canonical bytes under `tag` are `data`.

    Example:
        >>> decode("t", encode("t", {"a": 2}))
        {'a': 2}

    Raises:
        CanonicalMalformed: not JSON, another tag or version, or not in canonical form.
    """
    try:
        value = json.loads(data, parse_int=_number)
    except (ValueError, RecursionError) as error:
        raise CanonicalMalformed(f"{tag}: not JSON: {error}") from error
    if not isinstance(value, dict) or value.get(_TYPE) != tag or value.get(_VERSION) != version:
        raise CanonicalMalformed(f"{tag}: bytes of another type or version; expected version {version}")
    fields = {name: item for name, item in value.items() if name not in (_TYPE, _VERSION)}
    if encode(tag, fields, version=version) != data:
        raise CanonicalMalformed(f"{tag}: not in canonical form (RFC 8785); encode it again")
    return fields


def _number(text: str) -> int | float:
    value = int(text) if len(text) < _LONGEST_INTEGER else float(text)
    return value if abs(value) < _SAFE_INTEGER else float(value)  # RFC 8785 writes a float of 2^53 and more like this


def digest(data: bytes) -> str:
    """`sha256:` and the SHA-256 of the bytes in hexadecimal: algorithm and digest together.

    Example:
        >>> digest(b"")[:15]
        'sha256:e3b0c442'
    """
    return "sha256:" + hashlib.sha256(data).hexdigest()

"""The signed statement of a pack: an in-toto Statement v1 in a DSSE envelope, signed by the log's own key.

    signed bytes = "DSSEv1 " len(type) " " type " " len(payload) " " payload           (DSSE, PAE)

The log's key also signs checkpoints. Neither can stand for the other: a checkpoint's text begins with the log's name,
which holds no space, and these bytes begin with "DSSEv1 ". The envelope itself has one form only.
"""

import json
from collections.abc import Sequence
from typing import Any

import rfc8785

from registry.errors import MalformedEvidence, MalformedNote, SignatureInvalid
from registry.log.note import NoteVerifier, decode_base64

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://countermark.invalid/evidence/v1"


def signed_bytes(payload: bytes) -> bytes:
    """Pre-authentication encoding of a payload.

    Example:
        >>> signed_bytes(b"{}")
        b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def key_name(verifier: NoteVerifier) -> str:
    """How an envelope names a log's key: name and key id, as in its vkey."""
    return f"{verifier.name}+{verifier.key_id.hex()}"


def open_envelope(data: bytes, logs: Sequence[NoteVerifier]) -> tuple[bytes, str]:
    """The payload that one of the logs signed, and the name of that log's key.

    Raises:
        MalformedEvidence: not an envelope in its one form.
        SignatureInvalid: of another key, or not signed by it.
    """
    fields = parse_json(data, "the envelope")
    try:
        (signature,) = fields["signatures"]
        if set(fields) != {"payload", "payloadType", "signatures"} or set(signature) != {"keyid", "sig"}:
            raise MalformedEvidence("the envelope has other fields than payload, payloadType and one signature")
        payload, value = decode_base64(fields["payload"]), decode_base64(signature["sig"])
        text = signed_bytes(payload).decode()
    except (KeyError, TypeError, ValueError, MalformedNote) as error:
        raise MalformedEvidence(f"not a DSSE envelope with one signature: {error}") from error
    if fields["payloadType"] != PAYLOAD_TYPE:
        raise MalformedEvidence(f"a payload of type {fields['payloadType']!r}, not {PAYLOAD_TYPE}")
    for log in logs:
        if key_name(log) == signature["keyid"]:
            log.verify(text, value)
            return payload, signature["keyid"]
    raise SignatureInvalid(f"signed by '{str(signature['keyid'])[:80]}', which is no log of the trust policy")


def parse_json(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object whose canonical bytes (RFC 8785) are `data`.

    Raises:
        MalformedEvidence: not JSON, not an object, or not in that form.
    """
    try:
        value = json.loads(data)
        canonical = isinstance(value, dict) and rfc8785.dumps(value) == data
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise MalformedEvidence(f"{what} is not JSON: {error}") from error
    if not canonical:
        raise MalformedEvidence(f"{what} is not a JSON object in canonical form (RFC 8785)")
    found: dict[str, Any] = value
    return found

"""Signing: exhibits and illustrations become one file. in-toto Statement v1 in a DSSE envelope (securesystemslib)."""

import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import rfc8785
from securesystemslib.dsse import Envelope
from securesystemslib.signer import Signature  # type: ignore[attr-defined] # exported without being listed

from registry.dossier.exhibits import Exhibits
from registry.errors import NotShown
from registry.evidence import container, contents, envelope
from registry.evidence.case_file import CaseFile
from registry.evidence.examination import examine
from registry.log.note import NoteVerifier
from registry.log.policy import NONE, Known, Policy

READ_ME = "read-me.txt"


def seal(
    exhibits: Exhibits, attachments: Mapping[str, bytes], *, log: NoteVerifier, attest: Callable[[bytes], bytes]
) -> bytes:
    """The pack, signed by the log's key, and verified before it is handed out.

    Args:
        exhibits: what it says and holds.
        attachments: reports by member name (`registry.evidence.contents.ATTACHMENTS`).
        log: the log's public key.
        attest: signs an envelope's payload with that key.

    Raises:
        MalformedEvidence: a member of another name, or too large a file.
        NotShown: what was made does not pass its own verifier.
    """
    read_me = files("registry.dossier").joinpath(READ_ME).read_bytes()
    members = {**exhibits.members, **attachments, READ_ME: read_me}
    subject = [{"name": name, "digest": {"sha256": _sha256(members[name])}} for name in sorted(members)]
    statement: dict[str, Any] = {
        "_type": envelope.STATEMENT_TYPE,
        "subject": subject,
        "predicateType": envelope.PREDICATE_TYPE,
        "predicate": dict(exhibits.predicate),
    }
    signed = Envelope(rfc8785.dumps(statement), envelope.PAYLOAD_TYPE, {})
    name = envelope.key_name(log)
    signed.signatures[name] = Signature(name, attest(signed.payload).hex())
    pack = container.render({contents.STATEMENT: rfc8785.dumps(signed.to_dict()), **members})
    _require_verified(pack, log)
    return pack


def _require_verified(pack: bytes, log: NoteVerifier) -> None:
    policy = Policy(logs=(Known(log, None),), witnesses={}, groups={}, quorum=NONE)
    failed = examine(CaseFile(data=pack, policy=policy)).failed
    if failed is not None:
        raise NotShown(f"the pack that was made does not hold at step {failed.step} ({failed.name}): {failed.detail}")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

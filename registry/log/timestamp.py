"""RFC 3161 time stamps of checkpoints: somebody else's word that the log had this root at that time.

What is stamped is the checkpoint's text (origin, size, root), which is the same whoever cosigned it. A stamp dates
every entry under that root: none of them can have been written later. Tokens are kept as the authority sent them, a
whole DER response, so that `openssl ts -verify -in stamp.tsr -data checkpoint.txt -CAfile roots.pem` reads them too.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from registry.errors import MalformedTimestamp, MalformedValue, TimestampFailed, TimestampInvalid
from registry.extras import need
from registry.log.note import Note

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
MAX_BYTES = 1 << 16
_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An authority's answer over HTTP."""

    status: int
    content_type: str
    body: bytes


Post = Callable[[str, bytes], Reply]
"""(URL, DER request) -> the answer to a POST of it; an OSError if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    """Whose word is taken.

    Attributes:
        roots: certificates that a stamp's chain must end at.
        signer: the one certificate that may sign; None for any time-stamping certificate under the roots.
    """

    roots: tuple[x509.Certificate, ...]
    signer: x509.Certificate | None = None

    @classmethod
    def from_pem(cls, roots: bytes, signer: bytes | None = None) -> "Authorities":
        """From files of certificates in PEM.

        Raises:
            MalformedValue: no certificate in one of them.
        """
        try:
            chosen = None if signer is None else x509.load_pem_x509_certificate(signer)
            return cls(roots=tuple(x509.load_pem_x509_certificates(roots)), signer=chosen)
        except ValueError as error:
            raise MalformedValue("the authority's file holds no certificate in PEM; export it again") from error


def stamped_text(note: str) -> bytes:
    """What is stamped of a checkpoint: the text of its note, without signatures. Raises MalformedNote."""
    return Note.parse(note).text.encode()


def ask(note: str, *, url: str, post: Post, authorities: Authorities | None = None) -> bytes:
    """A fresh stamp of the checkpoint, checked: granted, over these bytes, for this request, by this authority.

    Args:
        note: the checkpoint's signed note.
        url: of the authority.
        post: sends.
        authorities: whose stamp it must be; None leaves that to whoever reads it.

    Raises:
        TimestampFailed: no answer, a refusal, or something else than a stamp of this checkpoint.
    """
    text = stamped_text(note)
    library = _library()
    request = library.TimestampRequestBuilder(data=text, hash_algorithm=library.HashAlgorithm.SHA256).build()
    try:
        reply = post(url, request.as_bytes())
    except OSError as error:
        raise TimestampFailed(f"{url} did not answer: {error}") from error
    if reply.status != 200 or reply.content_type.partition(";")[0].strip() != REPLY:
        raise TimestampFailed(f"{url} answered {reply.status} with {reply.content_type or 'no type'}, no time stamp")
    try:
        response = _decode(reply.body)
        _require_granted(response)
        _require_answer(response, request.nonce)
        _require_about(response, text)
        if authorities is not None:
            verify(reply.body, note, authorities)
    except (MalformedTimestamp, TimestampInvalid) as error:
        raise TimestampFailed(f"{url} answered without a time stamp of this checkpoint: {error}") from error
    return reply.body


def stamped_at(token: bytes) -> datetime:
    """The time that a stamp states, not verified. Raises MalformedTimestamp."""
    moment: datetime = _decode(token).tst_info.gen_time
    return moment.astimezone(UTC)


def verify(token: bytes, note: str, authorities: Authorities) -> datetime:
    """The time at which an authority saw the checkpoint, from nothing but the stamp and the authority's certificates.

    1. The response parses and was granted.
    2. Its signature is by a certificate for time stamping whose chain ends at a given root, valid at that time.
    3. What it is over is the SHA-256 of the checkpoint's text.

    Raises:
        MalformedTimestamp: step 1.
        TimestampInvalid: steps 2 and 3.
    """
    library = _library()
    # 1.
    response = _decode(token)
    _require_granted(response)
    # 2.
    verifier = library.VerifierBuilder(roots=list(authorities.roots), tsa_certificate=authorities.signer).build()
    digest = response.tst_info.message_imprint.message
    try:
        verifier.verify(response, digest)
    except library.VerificationError as error:
        raise TimestampInvalid(f"the time stamp was not made by a given authority: {error}") from error
    # 3.
    _require_about(response, stamped_text(note))
    return stamped_at(token)


def _require_granted(response: Any) -> None:
    if response.status != 0:
        raise MalformedTimestamp(f"the authority refused: {'; '.join(response.status_string) or response.status}")


def _require_answer(response: Any, nonce: int) -> None:
    if response.tst_info.nonce != nonce:
        raise TimestampInvalid("the time stamp answers another request")


def _require_about(response: Any, text: bytes) -> None:
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != hashlib.sha256(text).digest():
        raise TimestampInvalid("the time stamp is over other bytes than this checkpoint's text")


def _decode(token: bytes) -> Any:
    if len(token) > MAX_BYTES:
        raise MalformedTimestamp(f"a time stamp of {len(token)} bytes; none has more than {MAX_BYTES}")
    try:
        response = _library().decode_timestamp_response(token)
        if response.status == 0:
            _ = response.tst_info.message_imprint, response.signed_data
    except ValueError as error:
        raise MalformedTimestamp(f"not a response of RFC 3161: {error}") from error
    if response.as_bytes() != token:
        raise MalformedTimestamp("not a response of RFC 3161: bytes are left over, or not in DER")
    return response


def _library() -> Any:
    return need("rfc3161_client", extra="timestamp", purpose="a time stamp")

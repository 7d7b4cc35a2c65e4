"""The log's side: ask a witness for its cosignature of a checkpoint, and believe nothing that it answers unverified."""

import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

from registry.errors import MalformedNote, MalformedRequest, SignatureInvalid, WitnessFailed
from registry.log.note import Note, NoteVerifier, Signature, require_signature
from registry.records import Checkpoint
from registry.witness.messages import MAX_BYTES, PATH, SIZE_TYPE, AddCheckpoint, Answer, parse_cosignatures, parse_size

Post = Callable[[str, bytes], Answer]
"""(URL, body) -> the answer to a POST of that body; an OSError if there is none."""
Prove = Callable[[int], Sequence[bytes]]
"""Old size -> hashes of the consistency proof from there to the checkpoint."""
_SECONDS = 20


def ask(
    checkpoint: Checkpoint, *, verifier: NoteVerifier, url: str, old: int, prove: Prove, post: Post
) -> tuple[Signature, ...]:
    """The witness's cosignatures of the checkpoint, verified.

    Args:
        checkpoint: signed by the log.
        verifier: the witness's key.
        url: its submission prefix.
        old: size that it is believed to have cosigned last; it says so if that is wrong, and is asked again.
        prove: makes consistency proofs up to the checkpoint.
        post: sends.

    Raises:
        WitnessFailed: it could not be reached, refused, or answered with something else.
    """
    answer = _send(checkpoint, url, old, prove, post)
    if answer.status == 409 and answer.content_type.partition(";")[0].strip() == SIZE_TYPE:
        answer = _send(checkpoint, url, _believed(answer, checkpoint, url), prove, post)
    if answer.status != 200:
        raise WitnessFailed(f"{url} answered {answer.status}: {answer.body[:200].decode(errors='replace').strip()}")
    return _verified(answer, checkpoint, verifier, url)


def _send(checkpoint: Checkpoint, url: str, old: int, prove: Prove, post: Post) -> Answer:
    request = AddCheckpoint(old=old, hashes=tuple(prove(old)), note=checkpoint.note)
    try:
        return post(f"{url.rstrip('/')}/{PATH}", request.render())
    except OSError as error:
        raise WitnessFailed(f"{url} did not answer: {error}") from error


def _believed(answer: Answer, checkpoint: Checkpoint, url: str) -> int:
    try:
        size = parse_size(answer.body.decode("ascii", "replace").removesuffix("\n"))
    except MalformedRequest as error:
        raise WitnessFailed(f"{url} answered 409 without a size: {error}") from error
    if size > checkpoint.size:
        raise WitnessFailed(f"{url} has cosigned {size} entries, more than the {checkpoint.size} of this checkpoint")
    return size


def _verified(answer: Answer, checkpoint: Checkpoint, verifier: NoteVerifier, url: str) -> tuple[Signature, ...]:
    key = verifier.name, verifier.key_id
    try:
        lines = tuple(each for each in parse_cosignatures(answer.body) if (each.name, each.key_id) == key)
        require_signature(Note(text=Note.parse(checkpoint.note).text, signatures=lines), verifier)
    except (MalformedRequest, MalformedNote, SignatureInvalid) as error:
        raise WitnessFailed(f"{url} answered without a cosignature of '{verifier.name}': {error}") from error
    return lines


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A witness answers itself: a redirect is an answer like any other that is not 200."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def post_over_http(url: str, body: bytes) -> Answer:
    """POST over HTTP or HTTPS: twenty seconds, no redirects, an answer of bounded size.

    Raises:
        OSError: no answer.
        WitnessFailed: another scheme.
    """
    if not url.startswith(("http://", "https://")):
        raise WitnessFailed(f"{url} is no address of a witness; use http:// or https://")
    request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310 - checked above
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_SECONDS) as response:
            return Answer(response.status, response.headers.get("Content-Type", ""), response.read(MAX_BYTES + 1))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers.get("Content-Type", ""), error.read(MAX_BYTES + 1))

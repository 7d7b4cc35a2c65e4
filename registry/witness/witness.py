"""A witness: it cosigns a checkpoint only if the log's whole history, as this witness knows it, is in it.

1. The request parses, and its checkpoint too                                     else 400
2. The checkpoint's origin is a log that this witness watches                     else 404
3. One of that log's keys signed it, and no line of a known key is false          else 403
4. The old size is not larger than the checkpoint                                 else 400
5. The old size is that of the checkpoint cosigned last                           else 409, with that size
6. A checkpoint of the same size has the same root                                else 409
7. The consistency proof leads from the one to the other, none from nothing       else 422
8. The checkpoint is remembered, durably, and only then cosigned                       200
"""

from collections.abc import Mapping, Sequence

from registry.errors import Malformed, MalformedNote, ProofInvalid, SignatureInvalid
from registry.log import tree
from registry.log.checkpoint import parse_checkpoint
from registry.log.cosignature import Cosigner
from registry.log.note import Note, NoteVerifier, Signature, require_signature
from registry.records import Checkpoint
from registry.witness.messages import SIZE_TYPE, TEXT_TYPE, AddCheckpoint, Answer
from registry.witness.state import Slot, WitnessState


class Witness:
    """One witness, with one or more cosigning keys."""

    def __init__(
        self, logs: Mapping[str, Sequence[NoteVerifier]], cosigners: Sequence[Cosigner], state: WitnessState
    ) -> None:
        if not cosigners:
            raise MalformedNote("a witness needs a cosigning key")
        self._logs = logs
        self._cosigners = cosigners
        self._state = state

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to `POST add-checkpoint` with this body."""
        try:
            request = AddCheckpoint.parse(body)  # 1
            checkpoint = parse_checkpoint(request.note)
        except Malformed as error:
            return _text(400, str(error))
        if checkpoint.origin not in self._logs:  # 2
            return _text(404, f"this witness does not watch '{checkpoint.origin}'")
        if not self._signed(checkpoint):  # 3
            return _text(403, f"no known key of '{checkpoint.origin}' signed this checkpoint")
        if request.old > checkpoint.size:  # 4
            return _text(400, f"the old size {request.old} is larger than the checkpoint's {checkpoint.size}")
        with self._state.hold(checkpoint.origin) as slot:
            return _refusal(slot.latest, request, checkpoint) or self._cosign(slot, checkpoint)

    def _signed(self, checkpoint: Checkpoint) -> bool:
        note = Note.parse(checkpoint.note)
        signed = False
        for verifier in self._logs[checkpoint.origin]:
            if any((each.name, each.key_id) == (verifier.name, verifier.key_id) for each in note.signatures):
                try:
                    require_signature(note, verifier)
                except SignatureInvalid:
                    return False
                signed = True
        return signed

    def _cosign(self, slot: Slot, checkpoint: Checkpoint) -> Answer:
        """8. Remember, then cosign."""
        slot.replace(checkpoint)
        text = Note.parse(checkpoint.note).text
        made = [Signature(name=each.name, key_id=each.key_id, payload=each.sign(text)) for each in self._cosigners]
        return Answer(200, TEXT_TYPE, "".join(each.line() for each in made).encode())


def _refusal(latest: Checkpoint | None, request: AddCheckpoint, checkpoint: Checkpoint) -> Answer | None:
    """5 to 7: why not, if so."""
    size, root = (0, tree.EMPTY_ROOT) if latest is None else (latest.size, latest.root)
    if request.old != size:
        return Answer(409, SIZE_TYPE, f"{size}\n".encode())
    if size == checkpoint.size and root != checkpoint.root:
        return _text(409, f"another root was cosigned for {size} entries: this log has two histories")
    try:
        _require_consistent(size, root, request, checkpoint)
    except ProofInvalid as error:
        return _text(422, str(error))
    return None


def _require_consistent(size: int, root: bytes, request: AddCheckpoint, checkpoint: Checkpoint) -> None:
    if size:
        tree.verify_consistency(size, checkpoint.size, request.hashes, root, checkpoint.root)
    elif request.hashes:
        raise ProofInvalid("from the empty tree there is nothing to prove; send no hashes")


def _text(status: int, message: str) -> Answer:
    return Answer(status, TEXT_TYPE, (message + "\n").encode())

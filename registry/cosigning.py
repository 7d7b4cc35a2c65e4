"""Collecting cosignatures for the newest checkpoint, from the log's own second key and from witnesses."""

from collections.abc import Iterator

from registry.database import Database
from registry.errors import WitnessFailed
from registry.log.note import Note, Signature
from registry.log.policy import Known, Policy
from registry.parts import Parts
from registry.records import Checkpoint
from registry.reports import Cosigned
from registry.witness.client import Post, ask


def cosign(database: Database, parts: Parts, policy: Policy | None, post: Post) -> Cosigned:
    """The newest checkpoint with the cosignatures that could be had, all of them stored.

    No transaction is open while a witness is asked. A witness that fails is reported, and the others are kept.
    """
    with database.reading() as session:
        checkpoint = parts.log(session).checkpoint()
    signatures, failed = list(_own(parts, checkpoint)), dict[str, str]()
    for name, witness in ({} if policy is None else policy.witnesses).items():
        try:
            signatures += _ask(database, parts, checkpoint, witness, post)
        except WitnessFailed as error:
            failed[name] = str(error)
    with database.writing() as session:
        parts.storage(session).add_cosignatures(checkpoint.size, signatures, parts.clock())
        cosigned = parts.log(session).checkpoint_of(checkpoint.size)
    return Cosigned(checkpoint=cosigned, failed=failed)


def _own(parts: Parts, checkpoint: Checkpoint) -> Iterator[Signature]:
    text = Note.parse(checkpoint.note).text
    for each in parts.log_keys.cosigners:
        yield Signature(name=each.name, key_id=each.key_id, payload=each.sign(text))


def _ask(database: Database, parts: Parts, checkpoint: Checkpoint, witness: Known, post: Post) -> tuple[Signature, ...]:
    verifier = witness.verifier
    if witness.url is None:
        raise WitnessFailed("the policy gives no URL for it")

    def prove(old: int) -> tuple[bytes, ...]:
        with database.reading() as session:
            return parts.log(session).hashes(old, checkpoint.size)

    with database.reading() as session:
        old = parts.storage(session).last_cosigned(verifier.name, verifier.key_id)
    return ask(checkpoint, verifier=verifier, url=witness.url, old=old, prove=prove, post=post)

"""Steps 1 to 8: the file, its signature, what the log says, in which order. Each returns what it found, or raises."""

import hashlib
import re

from fingerprint import canonical
from registry.errors import MalformedEvidence, NotShown
from registry.evidence import contents, envelope
from registry.evidence.case_file import CaseFile
from registry.log import entries, tree
from registry.records import EntryKind

_DIGEST = re.compile(r"[0-9a-f]{64}")


def require(condition: object, message: str) -> None:
    """Return if it holds. Raises NotShown."""
    if not condition:
        raise NotShown(message)


def container_form(file: CaseFile) -> str:
    """1: one form of the zip, known members only."""
    unknown = [name for name in file.members if name != contents.STATEMENT and not contents.is_known(name)]
    if unknown:
        raise MalformedEvidence(f"no pack has a member named {unknown[0]}")
    return f"{len(file.members)} members, {len(file.data):,} bytes"


def signature(file: CaseFile) -> str:
    """2: the statement is signed by a log of the policy, and is of our kind."""
    statement, signer = file.signed
    require(statement.get("_type") == envelope.STATEMENT_TYPE, "the payload is not an in-toto Statement v1")
    require(statement.get("predicateType") == envelope.PREDICATE_TYPE, "the statement is of another predicate type")
    require(set(statement) == {"_type", "subject", "predicateType", "predicate"}, "the statement has other fields")
    return f"signed by {signer}"


def members(file: CaseFile) -> str:
    """3: every member has its digest in the statement, and the statement names no other."""
    listed: dict[str, str] = {}
    for subject in contents.at(file.signed[0], "subject"):
        name, digest = contents.text(subject, "name"), contents.text(subject, "digest", "sha256")
        if name in listed or not _DIGEST.fullmatch(digest):
            raise MalformedEvidence(f"the subject {name[:80]!r} is named twice or has no digest")
        listed[name] = digest
    found = {
        name: hashlib.sha256(data).hexdigest() for name, data in file.members.items() if name != contents.STATEMENT
    }
    differing = sorted(name for name in {*listed, *found} if listed.get(name) != found.get(name))
    require(not differing, f"{', '.join(differing[:3])}: not what the statement was signed over")
    lacking = sorted(contents.REQUIRED - set(found))
    require(not lacking, f"the pack lacks {', '.join(lacking)}")
    return f"{len(found)} members are those that were signed"


def checkpoint(file: CaseFile) -> str:
    """4: one checkpoint for all entries, by a log of the policy and with its quorum."""
    newest = file.checkpoint
    for kind, logged in file.entries.items():
        require(logged.proof.checkpoint.note == newest.note, f"the {kind} is proved under another checkpoint")
    stated = file.statement.get("log")
    require(stated == {"origin": newest.origin, "size": newest.size}, "the statement speaks of another checkpoint")
    named = sorted(file.policy.cosigned(newest.note))
    witnessed = f"cosigned by {', '.join(named)}" if named else "cosigned by no witness of the policy"
    return f"{newest.origin}, {newest.size} entries, {witnessed}"


def inclusion(file: CaseFile) -> str:
    """5: each entry is under that checkpoint, and is of its kind."""
    for kind in contents.ALWAYS:
        file.entry(kind)
    for kind, logged in file.entries.items():
        require(logged.kind is kind, f"{contents.entry_name(kind)} holds an entry of kind {logged.kind}")
        logged.proof.verify(logged.data)
    return ", ".join(f"{kind} at {logged.index}" for kind, logged in file.entries.items())


def order(file: CaseFile) -> str:
    """6: commitment, then a checkpoint over it, then the nonce, then issue and verdict; and the log only grew since."""
    places = {kind: logged.index for kind, logged in file.entries.items()}
    after = file.entry(EntryKind.RESERVATION).fields.get("after")
    earlier = file.proof(contents.BEFORE_NONCE)
    known = earlier.checkpoint
    require(known.size == after, "the reservation speaks of another checkpoint than the one in the pack")
    require(
        places[EntryKind.COMMITMENT] < known.size <= places[EntryKind.RESERVATION],
        "the nonce was drawn before the release's commitment stood under a signed checkpoint",
    )
    require(places[EntryKind.ENROLMENT] < places[EntryKind.RESERVATION], "the device was enrolled after its nonce")
    rising = [places[kind] for kind in contents.ENTRIES[2:] if kind in places]
    require(rising == sorted(rising), "the copy was issued before its nonce was drawn, or after the verdict")
    _earlier_checkpoint(file)
    moments = [str(file.entries[kind].fields.get("at")) for kind in contents.ENTRIES[1:] if kind in places]
    clock = "agrees" if moments == sorted(moments) else "was set back in between"
    return f"commitment < checkpoint of {known.size} < nonce < issue < verdict; the registrar's clock {clock}"


def _earlier_checkpoint(file: CaseFile) -> None:
    earlier, newest = file.proof(contents.BEFORE_NONCE), file.checkpoint
    commitment = file.entry(EntryKind.COMMITMENT)
    require(earlier.index == commitment.index, "the earlier proof is about another entry")
    earlier.verify(commitment.data)
    signed = file.policy.open_signed(earlier.checkpoint.note)
    growth = file.growth
    require((growth.old, growth.note) == (signed.size, newest.note), "the proof of growth is about other checkpoints")
    tree.verify_consistency(signed.size, newest.size, growth.hashes, signed.root, newest.root)


def openings(file: CaseFile) -> str:
    """7: the names, nonce and codeword disclosed are those that the log committed to, all about one device."""
    logged = {kind: entry.fields for kind, entry in file.entries.items()}
    reservation, verdict = logged[EntryKind.RESERVATION], logged[EntryKind.VERDICT]
    commitment, enrolment = logged[EntryKind.COMMITMENT], logged[EntryKind.ENROLMENT]
    require(len({fields.get("tenant") for fields in logged.values()}) == 1, "the entries are of several tenants")
    releases = {fields.get("release") for fields in (commitment, reservation, verdict)}
    require(len(releases) == 1, "commitment, nonce and verdict are about different releases")
    require(reservation.get("device") == enrolment.get("device"), "the nonce was drawn for another device")
    copies = {reservation.get("copy"), logged.get(EntryKind.ISSUE, reservation).get("copy")}
    require(copies == {contents.text(file.statement, "accused", "copy")}, "the entries are about different copies")
    require(enrolment["device"] == contents.text(file.statement, "accused", "deviceId"), "another device is accused")
    require(verdict.get("case") == contents.text(file.statement, "case", "id"), "the verdict is of another case")
    _open(file, ("accused", "device"), "device", enrolment.get("name"))
    _open(file, ("release", "name"), "release", commitment.get("name"))
    _open(file, ("case", "suspect"), "suspect", verdict.get("suspect"))
    nonce = contents.raw(file.statement, "accused", "nonce")
    require(canonical.digest(nonce) == reservation.get("nonce"), "the nonce is not the one that was logged")
    salt, packed = (contents.raw(file.statement, "accused", name) for name in ("codewordSalt", "codeword"))
    said = entries.codeword_commitment(salt, packed)
    require(said == reservation.get("codeword"), "the codeword is not the one that was logged before the copy was made")
    return (
        f"{contents.text(file.statement, 'accused', 'device')}, one copy of it, its codeword of {8 * len(packed)} bits"
    )


def _open(file: CaseFile, path: tuple[str, str], purpose: str, logged: object) -> None:
    name, salt = contents.text(file.statement, *path), contents.raw(file.statement, path[0], path[1] + "Salt")
    opened = entries.salted(salt, purpose, name.encode())
    require(opened == logged, f"the {purpose} is not the one that the log committed to")


def logged_verdict(file: CaseFile) -> str:
    """8: the verdict is the one in the log, opened at the accused's row, and the statement says the same."""
    entry, verdict = file.entry(EntryKind.VERDICT).fields, file.verdict
    require(canonical.digest(file.member(contents.SUMMARY)) == entry.get("summary"), "another verdict was logged")
    require(verdict.observation_digest == entry.get("observation"), "the logged verdict rests on other answers")
    require(
        (file.row.copy, file.row.device)
        == tuple(contents.text(file.statement, "accused", n) for n in ("copy", "deviceId")),
        "the verdict's row is another device's",
    )
    stated = contents.at(file.statement, "finding")
    differing = sorted(name for name, value in contents.finding(verdict).items() if stated.get(name) != value)
    require(not differing, f"the statement differs from the logged verdict on {', '.join(differing)}")
    require(set(stated) == set(contents.finding(verdict)), "the statement's finding has other fields")
    return f"t = {file.row.score:.2f}, {'named' if file.row.named else 'not named'} among {verdict.devices} devices"

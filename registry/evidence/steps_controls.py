"""Steps 13 to 16: negative and positive controls, time stamps, and the codeword against its device's own key."""

from collections.abc import Iterator, Mapping
from typing import Any

from fingerprint import canonical
from fingerprint.codeword import derive
from fingerprint.replay import evidence, judgement, scoring
from registry.errors import MalformedEvidence
from registry.evidence import contents
from registry.evidence.case_file import CaseFile, LoggedEntry
from registry.evidence.steps_log import require
from registry.evidence.steps_verdict import agree
from registry.log import entries, timestamp
from registry.records import EntryKind

MOST_FRESH = 100  # times the number that the scheme draws by itself


def fresh_codewords(file: CaseFile) -> str:
    """13: random codewords that belong to nobody, drawn again and scored against the same evidence."""
    stated = contents.at(file.statement, "negativeControls", "freshCodewords")
    count = contents.at(stated, "count")
    if not isinstance(count, int) or not 1 <= count <= MOST_FRESH * file.release.rules.fresh:
        raise MalformedEvidence("the statement gives no number of fresh codewords that can be drawn")
    drawn = judgement.fresh_codewords(
        file.release.release_id, file.observation.digest, count=count, bits=file.release.bits
    )
    scores = file.scorer.score(drawn)
    reaching = int((scores >= file.judged.threshold).sum())
    require(reaching == contents.at(stated, "reachingThreshold"), f"{reaching} fresh codewords reach the threshold")
    require(agree(scores.max(), contents.at(stated, "greatest")), f"the greatest fresh score is {scores.max():.4f}")
    return f"{count:,} drawn, {reaching} reach the threshold, the greatest is {scores.max():.2f}"


def models(file: CaseFile) -> str:
    """14: other suspects of the same release, scored with the accused's codeword."""
    done = [_control(file, number, stated) for number, stated in _controls(file)]
    tests = contents.at(file.statement, "tests")
    enough = contents.at(tests, "devices") == file.verdict.devices and contents.at(tests, "verdicts") > len(done)
    require(enough, "the statement counts fewer devices or verdicts than the pack holds")
    ran = "; ".join(
        f"{what}: {sum(named for wanted, named in done if wanted is positive)} named of {count}"
        for what, positive in (("negative", False), ("positive", True))
        if (count := sum(wanted is positive for wanted, _ in done))
    )
    return f"{ran or 'none in this pack'}; verdicts about this release so far: {tests['verdicts']}"


def _controls(file: CaseFile) -> Iterator[tuple[int, Mapping[str, Any]]]:
    negative = contents.at(file.statement, "negativeControls", "models")
    positive = contents.at(file.statement, "positiveControls")
    held = {name for name in file.members if name.startswith("controls/")}
    for number, stated in enumerate([*negative, *positive]):
        held -= {f"controls/{number}.{part}" for part in ("observation", "entry", "tlog-proof")}
        require(contents.at(stated, "number") == number, "the controls are not numbered in their order")
        require(contents.at(stated, "expectNamed") is (number >= len(negative)), "a control is in the wrong list")
        yield number, stated
    require(not held, "the pack holds controls that the statement does not speak of")


def _control(file: CaseFile, number: int, stated: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether the accused should be named and is, all of it checked like the case itself."""
    what, logged = f"control {number}", file.control_entry(number)
    _require_logged(file, what, logged)
    answers = file.member(f"controls/{number}.observation")
    require(canonical.digest(answers) == logged.fields.get("observation"), f"{what}: other answers were judged")
    opened = entries.salted(contents.raw(stated, "suspectSalt"), "suspect", contents.text(stated, "suspect").encode())
    require(opened == logged.fields.get("suspect"), f"{what}: the suspect is not the one that the log committed to")
    require(logged.fields.get("case") == contents.text(stated, "case"), f"{what}: another case")
    look = stated.get("look")
    asked = file.plan.seen(file.release, look if look is None else contents.whole(stated, "look"))
    scorer = scoring.scorer(evidence.gather(asked, file.observed(f"controls/{number}.observation", asked)))
    found = judgement.judge(scorer, file.codeword, alpha=asked.alpha, tests=file.verdict.devices)
    require(agree(found.score, contents.at(stated, "score")), f"{what}: the score recomputed is {found.score:.4f}")
    require(found.named == contents.at(stated, "named"), f"{what}: the verdict recomputed is another one")
    return bool(contents.at(stated, "expectNamed")), found.named


def _require_logged(file: CaseFile, what: str, logged: LoggedEntry) -> None:
    require(logged.kind is EntryKind.VERDICT, f"{what}: its entry is no verdict")
    require(logged.proof.checkpoint.note == file.checkpoint.note, f"{what}: proved under another checkpoint")
    logged.proof.verify(logged.data)
    case = file.entry(EntryKind.VERDICT).fields
    same = (logged.fields.get("tenant"), logged.fields.get("release")) == (case["tenant"], case["release"])
    require(same, f"{what}: a verdict about another release")


def time_stamps(file: CaseFile) -> str:
    """15: RFC 3161 stamps of checkpoints that an entry is under; verified if the reader names authorities."""
    stated = contents.at(file.statement, "timeStamps")
    held = {name for name in file.members if name.startswith("timestamps/")}
    said = []
    for each in stated:
        kind = EntryKind(contents.text(each, "entry"))
        token, proof = f"timestamps/{kind.value}.tsr", file.proof(f"timestamps/{kind.value}.tlog-proof")
        held -= {token, f"timestamps/{kind.value}.tlog-proof"}
        logged = file.entry(kind)
        require(proof.index == logged.index, f"the stamp of the {kind} is about another entry")
        proof.verify(logged.data)
        file.policy.open_signed(proof.checkpoint.note)
        if file.authorities is None:
            said.append(f"{kind}: a stamp, not verified (name the authority to verify it)")
        else:
            moment = timestamp.verify(file.member(token), proof.checkpoint.note, file.authorities)
            said.append(f"{kind}: in the log by {moment.isoformat(timespec='seconds')}")
    require(not held, "the pack holds time stamps that the statement does not speak of")
    return "; ".join(said) or "none in this pack"


def own_key(file: CaseFile) -> str:
    """16: for whoever holds the device's codeword key: the codeword is drawn from it, the release and the nonce."""
    if file.codeword_key is None:
        return "left out (only the device's holder can check this; give its codeword key)"
    logged = file.entry(EntryKind.ENROLMENT).fields.get("codeword_key")
    require(
        entries.key_commitment(file.codeword_key) == logged, "the key is not the one that the device was enrolled with"
    )
    nonce = contents.raw(file.statement, "accused", "nonce")
    drawn = derive(file.codeword_key, release=file.release.release_id, nonce=nonce, length=file.release.bits)
    require((drawn == file.codeword).all(), "the codeword is not drawn from this key, release and nonce")
    return "the codeword is drawn from this device's key, the release and the nonce"

"""Proof of possession: one challenge, one answer, every outcome in the log, and no second try."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fingerprint import canonical, possession
from registry import migrations
from registry.database import connect
from registry.errors import (
    ChallengeExpired,
    ChallengeUsed,
    DeviceForgotten,
    DeviceRevoked,
    ForeignPossessionKey,
    MalformedValue,
    PossessionKeyMissing,
    PossessionProofAltered,
    RegistryError,
    StoreOutdated,
    UnknownChallenge,
    UnknownDevice,
)
from registry.log import entries
from registry.proving import prove_possession
from registry.records import EntryKind, Outcome, Possession, PossessionChallenge
from registry.store import Store, upgrade_store

ON_EVERY_DATABASE = True
NEW = {"helper_data": b"newer helper data", "identity": "cd" * 32}


def key_of(name: str) -> bytes:
    """The device key of a device in the filled registry, as `conftest.enrol_device` makes it."""
    return canonical.digest(b"device key of " + name.encode()).encode()


@pytest.fixture
def ask(filled: Any) -> Callable[..., PossessionChallenge]:
    """Opens a challenge."""

    def asked(name: str = "pump 0", purpose: str = "seizure Az. 17/2026", seconds: int = 600) -> PossessionChallenge:
        with filled.store.unit() as registry:
            opened: PossessionChallenge = registry.open_challenge(filled.tenant, name, purpose=purpose, seconds=seconds)
        return opened

    return asked


def answer(challenge: PossessionChallenge, name: str = "pump 0") -> dict[str, bytes]:
    """What the device of that name answers to a challenge."""
    key = key_of(name)
    asked = possession.Challenge.from_bytes(challenge.message)
    return {"public_key": possession.public_key(key), "signature": possession.sign(key, asked)}


def prove(filled: Any, challenge: PossessionChallenge, name: str = "pump 0") -> Possession:
    """The outcome of the answer of the device of that name."""
    return prove_possession(filled.store, filled.tenant, challenge.id, **answer(challenge, name))


def log_size(store: Store) -> int:
    """Entries that are under a signed checkpoint."""
    with store.reading() as registry:
        return registry.checkpoint().size


def test_a_device_proves_that_it_is_the_enrolled_one(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """The challenge names everything it is for; the outcome is in the log as digests, and nothing personal is."""
    challenge = ask()
    asked = possession.Challenge.from_bytes(challenge.message)
    assert (asked.registry, asked.tenant, asked.device) == ("example.com/log", filled.tenant, "pump 0")
    assert (asked.purpose, asked.expires) == ("seizure Az. 17/2026", int(challenge.expires_at.timestamp()))
    given = answer(challenge)
    proven = prove_possession(filled.store, filled.tenant, challenge.id, **given)
    assert (proven.outcome, proven.device, proven.purpose) == (Outcome.PROVEN, "pump 0", "seizure Az. 17/2026")
    with filled.store.reading() as registry:
        assert registry.possession(filled.tenant, challenge.id) == proven
        seen = registry.challenge(filled.tenant, challenge.id)
        entry = registry.entry(proven.entry_index).data
        assert registry.proof(proven.entry_index).index == proven.entry_index
    assert (seen.outcome, seen.entry_index, seen.message) == (Outcome.PROVEN, proven.entry_index, challenge.message)
    assert seen.used_at is not None
    kind, fields = entries.decode(entry)
    assert kind == EntryKind.POSSESSION
    assert fields == {
        "tenant": filled.tenant,
        "device": filled.devices[0].id,
        "challenge": challenge.id,
        "asked": canonical.digest(challenge.message),
        "key": canonical.digest(given["public_key"]),
        "signature": canonical.digest(given["signature"]),
        "outcome": "proven",
        "enrolment": filled.devices[0].entry_index,
        "at": entries.instant(proven.recorded_at),
    }
    assert b"pump" not in entry
    assert b"seizure" not in entry
    assert filled.store.audit().entries["possession"] == 1


def test_every_challenge_is_another(ask: Callable[..., PossessionChallenge]) -> None:
    """Two challenges of the same device and purpose differ, so no answer serves twice."""
    first, second = ask(), ask()
    assert first.id != second.id
    assert first.message != second.message


def test_another_devices_key_is_told_and_uses_the_challenge_up(
    filled: Any, ask: Callable[..., PossessionChallenge]
) -> None:
    """A good signature by another enrolled device: refused, logged, and the right device comes too late."""
    challenge, before = ask(), log_size(filled.store)
    with pytest.raises(ForeignPossessionKey, match=f"log entry {before}"):
        prove(filled, challenge, "pump 1")
    with pytest.raises(ChallengeUsed):
        prove(filled, challenge)
    assert log_size(filled.store) == before + 1
    with filled.store.reading() as registry:
        assert registry.challenge(filled.tenant, challenge.id).outcome == Outcome.FOREIGN_KEY
    assert filled.store.audit().entries["possession"] == 1


def altered(challenge: PossessionChallenge, what: str) -> dict[str, bytes]:
    """Answers that do not hold."""
    good, key = answer(challenge), key_of("pump 0")
    asked = possession.Challenge.from_bytes(challenge.message)
    changed = {"registry": "x", "tenant": "x", "device": "pump 1", "purpose": "x", "nonce": bytes(32), "expires": 7}
    if what in changed:
        other = replace(asked, **{what: changed[what]})
        return {**good, "signature": possession.sign(key, other)}
    if what == "one bit":
        return {**good, "signature": good["signature"][:-1] + bytes([good["signature"][-1] ^ 1])}
    if what == "another signer":
        return {**good, "signature": possession.sign(key_of("pump 1"), asked)}
    return {**good, "public_key": possession.public_key(key_of("pump 1"))}


def test_an_altered_proof_is_told_and_uses_the_challenge_up(
    filled: Any, ask: Callable[..., PossessionChallenge]
) -> None:
    """A signature that does not hold, or was made for another challenge: refused, logged, no second try."""
    parts = ("registry", "tenant", "device", "purpose", "nonce", "expires")
    for what in ("one bit", "another signer", "another key", *parts):
        challenge = ask()
        with pytest.raises(PossessionProofAltered, match="log entry"):
            prove_possession(filled.store, filled.tenant, challenge.id, **altered(challenge, what))
        with pytest.raises(ChallengeUsed):
            prove(filled, challenge)
        with filled.store.reading() as registry:
            assert registry.challenge(filled.tenant, challenge.id).outcome == Outcome.ALTERED
    assert filled.store.audit().entries["possession"] == 9


def test_a_proof_is_given_once(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """The same good answer again is refused, and the first outcome stands."""
    challenge = ask()
    proven = prove(filled, challenge)
    with pytest.raises(ChallengeUsed):
        prove(filled, challenge)
    with filled.store.reading() as registry:
        assert registry.possession(filled.tenant, challenge.id) == proven


def test_a_challenge_expires(filled: Any, clock: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """In its last second it can be answered, later it cannot, and that changes nothing."""
    in_time, late = ask(seconds=60), ask(seconds=60)
    clock.now = in_time.expires_at - timedelta(seconds=2)  # the clock moves a second when it is read
    assert prove(filled, in_time).outcome == Outcome.PROVEN
    clock.now, before = late.expires_at - timedelta(seconds=1), log_size(filled.store)
    with pytest.raises(ChallengeExpired, match="open another"):
        prove(filled, late)
    with filled.store.reading() as registry:
        assert registry.challenge(filled.tenant, late.id).used_at is None
        assert registry.possession(filled.tenant, late.id) is None
    assert log_size(filled.store) == before


def test_a_crash_between_answer_and_judgement_gives_no_second_try(
    filled: Any, ask: Callable[..., PossessionChallenge]
) -> None:
    """Once taken, an answer is taken: its unit is committed before anything is said about it."""
    challenge = ask()
    with filled.store.unit() as registry:
        registry.answer_challenge(filled.tenant, challenge.id, **answer(challenge, "pump 1"))
    with pytest.raises(ChallengeUsed):
        prove(filled, challenge)
    with filled.store.reading() as registry:
        seen = registry.challenge(filled.tenant, challenge.id)
    assert (seen.outcome, seen.entry_index) == (None, None)
    with filled.store.unit() as registry:
        assert registry.judge_answer(filled.tenant, challenge.id).outcome == Outcome.FOREIGN_KEY
    with pytest.raises(ChallengeUsed, match="still to be judged"), filled.store.unit() as registry:
        registry.judge_answer(filled.tenant, challenge.id)
    filled.store.audit()


def test_what_was_not_answered_is_not_judged(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """Judging comes after the answer."""
    challenge = ask()
    with pytest.raises(ChallengeUsed, match="no answer"), filled.store.unit() as registry:
        registry.judge_answer(filled.tenant, challenge.id)


def test_of_many_answers_at_once_one_counts(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """Six threads answer one challenge: one proves, five are refused, one entry is logged."""
    challenge, before = ask(), log_size(filled.store)
    outcomes: list[str] = []

    def run() -> None:
        try:
            outcomes.append(prove(filled, challenge).outcome)
        except RegistryError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["ChallengeUsed"] * 5 + ["proven"]
    assert log_size(filled.store) == before + 1


def test_unknown_challenges(filled: Any) -> None:
    """An id that no challenge has is unknown, whatever it is made of."""
    for challenge_id in ("0" * 32, "", "\x00", "\ud800", "' OR 1=1 --"):
        with filled.store.unit() as registry:
            for use in (registry.challenge, registry.possession, registry.judge_answer):
                with pytest.raises(UnknownChallenge):
                    use(filled.tenant, challenge_id)
        with pytest.raises(UnknownChallenge):
            prove_possession(filled.store, filled.tenant, challenge_id, public_key=bytes(32), signature=bytes(64))


def test_malformed_challenges_change_nothing(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """A purpose or a lifetime out of its range, or a name that no device has."""
    before = log_size(filled.store)
    for purpose in ("", " x", "a\nb", "x" * 201, "e\u0301"):
        with pytest.raises(MalformedValue, match="purpose"):
            ask(purpose=purpose)
    for seconds in (0, -1, 86_401):
        with pytest.raises(MalformedValue, match="seconds"):
            ask(seconds=seconds)
    for name in ("nobody", "", "\x00", "\ud800"):
        with pytest.raises(UnknownDevice):
            ask(name)
    assert log_size(filled.store) == before


def test_a_malformed_answer_leaves_the_challenge_open(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """What has another length than a key and a signature is no answer."""
    challenge = ask()
    for key, signature in ((31, 64), (33, 64), (32, 63), (32, 65), (0, 0)):
        with pytest.raises(MalformedValue, match="a public key of 32 bytes and a signature of 64"):
            prove_possession(
                filled.store, filled.tenant, challenge.id, public_key=bytes(key), signature=bytes(signature)
            )
    assert prove(filled, challenge).outcome == Outcome.PROVEN


def test_a_key_that_proves_nothing_is_not_enrolled(filled: Any) -> None:
    """Another length, or a point for which anybody can sign."""
    with filled.store.unit() as registry:
        for key in (b"", bytes(31), bytes(33), bytes(32), (1).to_bytes(32, "little")):
            with pytest.raises(MalformedValue, match="possession key"):
                registry.enroll_device(filled.tenant, "x", **NEW, codeword_key=bytes(32), possession_key=key)
            with pytest.raises(MalformedValue, match="possession key"):
                registry.reenroll_device(filled.tenant, "pump 0", **NEW, possession_key=key)


def test_a_device_enrolled_without_a_key_is_told_to_enrol_again(
    filled: Any, ask: Callable[..., PossessionChallenge]
) -> None:
    """As devices of older registries are: the error names the command, and after it the proof works."""
    with filled.store.unit() as registry:
        old = registry.enroll_device(filled.tenant, "old", **NEW, codeword_key=bytes(32))
    assert old.possession_digest is None
    with pytest.raises(PossessionKeyMissing, match="countermark device reenroll old"):
        ask("old")
    with filled.store.unit() as registry:
        again = registry.reenroll_device(
            filled.tenant, "old", **NEW, possession_key=possession.public_key(key_of("old"))
        )
    proven = prove(filled, ask("old"), "old")
    assert proven.enrolment_index == again.reenrolment_index
    filled.store.audit()


def test_an_older_registry_is_upgraded_with_its_devices(place: Any, opening: Callable[[], Any], tenant: str) -> None:
    """A device from before the migration is whole after it, cannot be asked, and can be once it is enrolled again."""
    with opening() as store, store.unit() as registry:
        old = registry.enroll_device(tenant, "old", **NEW, codeword_key=bytes(32))
    with connect(place.url, place.directory) as database, database.writing() as session:
        migrations.downgrade(session.connection(), "0008")
    with pytest.raises(StoreOutdated), opening():
        pass
    upgrade_store(place.directory, database_url=place.url)
    with opening() as store:
        assert store.audit().entries == {"enrolment": 1}
        with store.unit() as registry:
            assert registry.device(tenant, "old") == old
            with pytest.raises(PossessionKeyMissing):
                registry.open_challenge(tenant, "old", purpose="x", seconds=60)
            registry.reenroll_device(tenant, "old", **NEW, possession_key=possession.public_key(key_of("old")))
            registry.open_challenge(tenant, "old", purpose="x", seconds=60)
        store.audit()


def test_a_device_enrolled_again_proves_by_its_new_key(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """Helper data, identity and key are the new ones, copies stay traceable, the old key is another device's now."""
    with filled.store.reading() as registry:
        before = registry.candidates(filled.tenant, "v1").codewords
    waiting = ask()
    with filled.store.unit() as registry:
        again = registry.reenroll_device(
            filled.tenant, "pump 0", **NEW, possession_key=possession.public_key(key_of("pump 0 again"))
        )
    assert (again.generation, again.identity) == (1, "cd" * 32)
    assert again.entry_index == filled.devices[0].entry_index
    with filled.store.reading() as registry:
        assert registry.device(filled.tenant, "pump 0") == again
        assert again in registry.devices(filled.tenant).items
        assert registry.helper_data(filled.tenant, "pump 0") == b"newer helper data"
        assert canonical.digest(b"newer helper data") == again.helper_digest
        kind, fields = entries.decode(registry.entry(again.reenrolment_index or 0).data)
        assert (registry.candidates(filled.tenant, "v1").codewords == before).all()
    assert (kind, fields["generation"], fields["possession_key"]) == ("re-enrolment", 1, again.possession_digest)
    with pytest.raises(ForeignPossessionKey):
        prove(filled, waiting)
    assert prove(filled, ask(), "pump 0 again").enrolment_index == again.reenrolment_index
    with filled.store.unit() as registry:
        assert registry.reenroll_device(filled.tenant, "pump 0", **NEW).generation == 2
    with pytest.raises(PossessionKeyMissing):
        ask()
    report = filled.store.audit()
    assert (report.entries["re-enrolment"], report.rows["reenrolments"], report.rows["possessions"]) == (2, 2, 2)


def test_a_revoked_device_still_proves_who_it_is(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """A seized device is exactly that case; it is not enrolled again, though."""
    with filled.store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 0")
    assert prove(filled, ask()).outcome == Outcome.PROVEN
    with pytest.raises(DeviceRevoked), filled.store.unit() as registry:
        registry.reenroll_device(filled.tenant, "pump 0", **NEW)
    filled.store.audit()


def test_a_forgotten_device_proves_nothing_more(filled: Any, ask: Callable[..., PossessionChallenge]) -> None:
    """What it was asked is gone, open or judged; its entries stand, and the audit passes without the rest."""
    with filled.store.unit() as registry:
        registry.reenroll_device(filled.tenant, "pump 0", **NEW, possession_key=possession.public_key(key_of("pump 0")))
    judged, waiting = ask(), ask()
    prove(filled, judged)
    taken = ask()
    with filled.store.unit() as registry:
        registry.answer_challenge(filled.tenant, taken.id, **answer(taken))
    with filled.store.unit() as registry:
        name = registry.forget_device(filled.tenant, "pump 0").name
    for challenge in (waiting, judged, taken):
        with pytest.raises(DeviceForgotten):
            prove(filled, challenge)
        with filled.store.unit() as registry:
            for use in (registry.challenge, registry.possession, registry.judge_answer):
                with pytest.raises(DeviceForgotten):
                    use(filled.tenant, challenge.id)
    with pytest.raises(DeviceForgotten):
        ask(name)
    with pytest.raises(DeviceForgotten), filled.store.unit() as registry:
        registry.reenroll_device(filled.tenant, name, **NEW)
    assert filled.store.audit().entries["possession"] == 1

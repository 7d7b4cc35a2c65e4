"""The monitor: an honest log passes by its static files alone, and every change to one of them is found."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import (
    EntryTampered,
    Inconsistent,
    LogUnreachable,
    NodeTampered,
    PolicyUnmet,
    RegistryError,
    RuleBroken,
    SignatureInvalid,
    UnknownEntry,
)
from registry.log import entries
from registry.log.checkpoint import open_checkpoint, sign_checkpoint
from registry.log.cosignature import Ed25519Cosigner
from registry.log.log import Log
from registry.log.monitor import CHECKPOINT, Fetch, monitor
from registry.log.note import Ed25519Signer
from registry.log.policy import Policy
from registry.log.tiles import Tile, decode_bundle, encode_bundle
from registry.records import Checkpoint, EntryKind, RecordedVerdict

SIGNER = Ed25519Signer("example.com/log", bytes(32))
AT = datetime(2026, 11, 24, tzinfo=UTC)


def signed(note: str) -> Checkpoint:
    """The log's checkpoint in a note."""
    return open_checkpoint(note, SIGNER.verifier)


def device(number: int) -> dict[str, Any]:
    """An enrolment."""
    return entries.enrolment(
        tenant="t", device=f"{number}", salt=b"s", name="n", helper_digest="h", identity="i", commitment="c", at=AT
    )


def files_of(log: Log) -> Fetch:
    """The log's static files."""

    def fetch(path: str) -> bytes:
        if path == CHECKPOINT:
            return log.checkpoint().note.encode()
        try:
            return log.tile(Tile.parse(path.removeprefix("tile/")))
        except UnknownEntry as error:
            raise LogUnreachable(str(error)) from error

    return fetch


@pytest.fixture(scope="module")
def make_log(empty_storage: Any) -> Callable[[int], Log]:
    """Makes a signed log of so many enrolments."""

    def make(size: int) -> Log:
        log = Log(empty_storage(), SIGNER, lambda: AT)
        log.publish()
        for number in range(size):
            log.append(EntryKind.ENROLMENT, device(number))
        log.publish()
        return log

    return make


@pytest.fixture(scope="module")
def small(make_log: Callable[[int], Log]) -> Log:
    """A log of nine entries."""
    return make_log(9)


def changed(fetch: Fetch, path: str, change: Callable[[bytes], bytes]) -> Fetch:
    """The same files but for one."""
    return lambda asked: change(fetch(asked)) if asked == path else fetch(asked)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 513])
def test_an_honest_log_passes(make_log: Callable[[int], Log], size: int) -> None:
    """Full and partial tiles of every level are compared, and the report keeps the checkpoint."""
    log = make_log(size)
    report = monitor(files_of(log), signed)
    assert (report.size, report.note) == (size, log.checkpoint().note)
    assert report.entries == ({"enrolment": size} if size else {})
    assert report.tiles == -(-size // 256) + (size >= 256)
    assert report.extends is None


def test_a_real_registry_passes(filled: Any, decided: RecordedVerdict) -> None:
    """Entries of every kind that the registry writes keep the rules, and an older checkpoint is extended."""
    store = filled.store
    with store.reading() as registry:
        vkey, old = registry.verifier_key(), registry.proof(0, size=4).checkpoint
    with store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 1")
        registry.forget_device(filled.tenant, "pump 2")

    def fetch(path: str) -> bytes:
        with store.reading() as registry:
            if path == CHECKPOINT:
                return registry.checkpoint().note.encode()
            return registry.tile(path.removeprefix("tile/")).data

    policy = Policy.parse(f"log {vkey}\nquorum none\n".encode())
    report = monitor(fetch, policy.open, older=old)
    assert (report.size, report.extends) == (11, 4)
    assert set(report.entries) == set(EntryKind) & set(store.audit().entries)


BUNDLE, TAIL = "tile/entries/000", "tile/entries/001.p/44"


@pytest.mark.parametrize(
    ("path", "change", "error"),
    [
        (BUNDLE, lambda data: data.replace(b'"i"', b'"j"', 1), EntryTampered),
        (BUNDLE, lambda data: encode_bundle(sorted(decode_bundle(data))), EntryTampered),
        (BUNDLE, lambda data: encode_bundle(decode_bundle(data)[:-1]), EntryTampered),
        (BUNDLE, lambda data: data + data, EntryTampered),
        (BUNDLE, lambda data: data[:-1], EntryTampered),
        (BUNDLE, lambda _: b"", EntryTampered),
        (BUNDLE, lambda data: encode_bundle([b"x", *decode_bundle(data)[1:]]), EntryTampered),
        (TAIL, lambda data: encode_bundle([*decode_bundle(data)[:-1], b"{}"]), EntryTampered),
        (BUNDLE, lambda data: encode_bundle([decode_bundle(data)[0]] * 256), EntryTampered),
        ("tile/0/000", lambda data: data[32:] + data[:32], NodeTampered),
        ("tile/0/001.p/44", lambda data: data[:-1] + b"\0", NodeTampered),
        ("tile/1/000.p/1", lambda data: data[::-1], NodeTampered),
        ("tile/1/000.p/1", lambda _: b"", NodeTampered),
        (CHECKPOINT, lambda data: data.replace(b"\n300\n", b"\n299\n"), SignatureInvalid),
        (CHECKPOINT, lambda _: sign_checkpoint(300, bytes(32), SIGNER).note.encode(), EntryTampered),
        (
            CHECKPOINT,
            lambda _: sign_checkpoint(300, bytes(32), Ed25519Signer("example.com/log", b"1" * 32)).note.encode(),
            SignatureInvalid,
        ),
    ],
)
def test_every_changed_file_is_found(
    make_log: Callable[[int], Log], path: str, change: Callable[[bytes], bytes], error: type[Exception]
) -> None:
    """Whatever one file of a log of 300 entries is replaced by, the monitor raises that change's own error."""
    with pytest.raises(error):
        monitor(changed(files_of(make_log(300)), path, change), signed)


@pytest.mark.parametrize(
    ("kind", "fields", "error"),
    [(EntryKind.ENROLMENT, device(0), RuleBroken), (EntryKind.ISSUE, {"copy": "c", "tenant": "t"}, RuleBroken)],
)
def test_a_signed_entry_that_breaks_a_rule_is_the_logs_own_doing(
    make_log: Callable[[int], Log], kind: EntryKind, fields: dict[str, Any], error: type[Exception]
) -> None:
    """An operator who signs an entry out of place is found by the entries alone."""
    log = make_log(3)
    log.append(kind, fields)
    log.publish()
    with pytest.raises(error, match="entry 3"):
        monitor(files_of(log), signed)


@given(st.data())
def test_any_flipped_bit_is_found(small: Log, data: st.DataObject) -> None:
    """Whichever bit of whichever file is flipped, the audit fails."""
    fetch = files_of(small)
    path = data.draw(st.sampled_from([CHECKPOINT, "tile/entries/000.p/9", "tile/0/000.p/9"]))
    content = bytearray(fetch(path))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(RegistryError):
        monitor(changed(fetch, path, lambda _: bytes(content)), signed)


def test_an_older_checkpoint_must_be_extended(make_log: Callable[[int], Log]) -> None:
    """A checkpoint of the log's past is extended; one of another history, a longer one or another log's is not."""
    log, past = make_log(40), make_log(17)
    assert monitor(files_of(log), signed, older=past.checkpoint()).extends == 17
    assert monitor(files_of(log), signed, older=log.checkpoint()).extends == 40
    other = sign_checkpoint(17, bytes(32), SIGNER)
    longer = sign_checkpoint(41, bytes(32), SIGNER)
    foreign = sign_checkpoint(17, past.checkpoint().root, Ed25519Signer("example.com/other", bytes(32)))
    for wrong in (other, longer, foreign):
        with pytest.raises(Inconsistent):
            monitor(files_of(log), signed, older=wrong)


def test_a_quorum_is_insisted_on(make_log: Callable[[int], Log]) -> None:
    """Under a policy with a witness, a checkpoint that it did not cosign is refused."""
    witness = Ed25519Cosigner("w", bytes(32), lambda: 1)
    lines = f"log {SIGNER.verifier.vkey()}\nwitness w {witness.verifier.vkey()}\nquorum w\n"
    with pytest.raises(PolicyUnmet):
        monitor(files_of(make_log(3)), Policy.parse(lines.encode()).open)

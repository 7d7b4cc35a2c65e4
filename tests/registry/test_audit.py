"""The audit: an honest registry passes, and every tampering with row, entry, node, checkpoint or file is found."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry.errors import (
    BlobTampered,
    CheckpointTampered,
    CopyTampered,
    DeviceTampered,
    EntryTampered,
    Inconsistent,
    NodeTampered,
    ReleaseTampered,
    SealBroken,
    SignatureInvalid,
    Tampered,
    VerdictTampered,
)
from registry.log import tree
from registry.log.checkpoint import sign_checkpoint
from registry.log.note import Ed25519Signer
from registry.records import RecordedVerdict
from registry.store import Store
from tests.registry.log_key import log_signer

OTHER = "sha256:" + "9" * 64
DEVICE, COPY, ISSUED = "WHERE name = 'pump 1'", "WHERE reservation_index = 4", "WHERE issue_index IS NOT NULL"
LATER = "'2030-01-01 00:00:00.000000'"
EDITS = [
    # Devices: every column that the enrolment or revocation speaks of.
    (f"UPDATE device SET name = 'pump 9' {DEVICE}", DeviceTampered),
    (f"UPDATE device SET salt = zeroblob(32) {DEVICE}", DeviceTampered),
    (f"UPDATE device SET helper_data = x'00' {DEVICE}", DeviceTampered),
    (f"UPDATE device SET helper_digest = '{OTHER}' {DEVICE}", DeviceTampered),
    (f"UPDATE device SET identity = '{'0' * 64}' {DEVICE}", DeviceTampered),
    (f"UPDATE device SET key_commitment = 'hmac-sha256:0' {DEVICE}", DeviceTampered),
    (f"UPDATE device SET enrolled_at = {LATER} {DEVICE}", DeviceTampered),
    ("UPDATE device SET revoked_at = NULL, revocation_index = NULL WHERE name = 'pump 2'", DeviceTampered),
    (f"UPDATE device SET revoked_at = {LATER} WHERE name = 'pump 2'", DeviceTampered),
    (f"UPDATE device SET revoked_at = {LATER}, revocation_index = 0 {DEVICE}", DeviceTampered),
    (f"UPDATE device SET entry_index = 3 {DEVICE}", DeviceTampered),
    (f"UPDATE device SET entry_index = 99 {DEVICE}", DeviceTampered),
    (f"UPDATE device SET codeword_key = x'0100' {DEVICE}", SealBroken),
    (f"UPDATE device SET data_key = x'00' {DEVICE}", SealBroken),
    (f"UPDATE device SET data_key = NULL {DEVICE}", DeviceTampered),
    (
        (
            "UPDATE device SET (data_key, codeword_key) ="
            " (SELECT data_key, codeword_key FROM device WHERE name = 'pump 0') WHERE name = 'pump 1'"
        ),
        SealBroken,
    ),
    ("DELETE FROM device WHERE name = 'pump 2'", DeviceTampered),
    (
        (
            "UPDATE device SET name = CASE name WHEN 'pump 0' THEN 'pump 1' ELSE 'pump 0' END || ' '"
            " WHERE name IN ('pump 0', 'pump 1')"
        ),
        DeviceTampered,
    ),
    # Releases.
    ("UPDATE release SET name = 'v2'", ReleaseTampered),
    ("UPDATE release SET salt = zeroblob(32)", ReleaseTampered),
    (f"UPDATE release SET release_id = '{OTHER}'", ReleaseTampered),
    ("UPDATE release SET commitment = x'00'", ReleaseTampered),
    (f"UPDATE release SET commitment_digest = '{OTHER}'", ReleaseTampered),
    ("UPDATE release SET alpha = 0.5", ReleaseTampered),
    ("UPDATE release SET bits = 3", ReleaseTampered),
    (f"UPDATE release SET committed_at = {LATER}", ReleaseTampered),
    ("UPDATE release SET entry_index = 0", ReleaseTampered),
    (f"UPDATE release SET pack_digest = '{OTHER}'", BlobTampered),
    (f"UPDATE release SET pack_file = '{OTHER}'", BlobTampered),
    ("UPDATE release SET data_key = x'00'", SealBroken),
    # Copies: what the reservation says, then what the issue says.
    (f"UPDATE copy SET nonce = zeroblob(32) {COPY}", CopyTampered),
    (f"UPDATE copy SET nonce = zeroblob(31) {COPY}", CopyTampered),
    (f"UPDATE copy SET codeword_commitment = 'hmac-sha256:0' {COPY}", CopyTampered),
    (f"UPDATE copy SET device_pk = (SELECT id FROM device WHERE name = 'pump 2') {COPY}", CopyTampered),
    (f"UPDATE copy SET release_pk = 'none' {COPY}", CopyTampered),
    (f"UPDATE copy SET after = 2 {COPY}", CopyTampered),
    (f"UPDATE copy SET after = 90 {COPY}", CopyTampered),
    (f"UPDATE copy SET reserved_at = {LATER} {COPY}", CopyTampered),
    (f"UPDATE copy SET reservation_index = 2 {COPY}", CopyTampered),
    (f"UPDATE copy SET id = 'x' {COPY}", CopyTampered),
    (f"UPDATE copy SET tenant_id = 'x' {COPY}", CopyTampered),
    (f"DELETE FROM copy {COPY}", CopyTampered),
    (f"UPDATE copy SET artefact_digest = '{OTHER}' {ISSUED}", CopyTampered),
    (f"UPDATE copy SET method = 'distilled' {ISSUED}", CopyTampered),
    (f"UPDATE copy SET issued_at = {LATER} {ISSUED}", CopyTampered),
    (
        f"UPDATE copy SET artefact_digest = NULL, method = NULL, issued_at = NULL, issue_index = NULL {ISSUED}",
        CopyTampered,
    ),
    (
        (
            f"UPDATE copy SET artefact_digest = '{OTHER}', method = 'minted', issued_at = {LATER}, issue_index = 0"
            " WHERE issue_index IS NULL AND reservation_index = 5"
        ),
        CopyTampered,
    ),
    # Cases and verdicts.
    ("UPDATE investigation SET suspect = 'somebody else'", VerdictTampered),
    ("UPDATE investigation SET salt = zeroblob(32)", VerdictTampered),
    ("UPDATE investigation SET release_pk = 'none'", VerdictTampered),
    ("UPDATE verification SET verdict = replace(verdict, 'pump 0', 'pump 1')", VerdictTampered),
    ("UPDATE verification SET verdict = x'00'", VerdictTampered),
    (f"UPDATE verification SET verdict_digest = '{OTHER}'", VerdictTampered),
    (f"UPDATE verification SET observation_digest = '{OTHER}'", VerdictTampered),
    (f"UPDATE verification SET recorded_at = {LATER}", VerdictTampered),
    ("UPDATE verification SET entry_index = 1", VerdictTampered),
    ("DELETE FROM verification", VerdictTampered),
    # The log itself.
    ("UPDATE log_entry SET data = replace(data, 'minted', 'stolen')", EntryTampered),
    ("UPDATE log_entry SET data = x'00' WHERE idx = 3", EntryTampered),
    ("DELETE FROM log_entry WHERE idx = 3", EntryTampered),
    ("DELETE FROM log_entry WHERE idx = 0", EntryTampered),
    ("DELETE FROM log_entry WHERE idx = (SELECT max(idx) FROM log_entry)", EntryTampered),
    ("DELETE FROM log_entry", EntryTampered),
    ("UPDATE log_entry SET idx = idx + 1000", EntryTampered),
    ("UPDATE log_node SET hash = zeroblob(32) WHERE level = 0 AND idx = 2", NodeTampered),
    ("UPDATE log_node SET hash = zeroblob(32) WHERE level = 2", NodeTampered),
    ("DELETE FROM log_node WHERE level = 1 AND idx = 1", NodeTampered),
    ("INSERT INTO log_node VALUES (9, 9, zeroblob(32))", NodeTampered),
    ("UPDATE checkpoint SET root = zeroblob(32) WHERE size = 4", CheckpointTampered),
    ("UPDATE checkpoint SET size = 100 WHERE size = 4", CheckpointTampered),
    (
        (
            "UPDATE checkpoint SET note = replace(note, char(10) || '4' || char(10), char(10) || '5' || char(10))"
            " WHERE size = 4"
        ),
        CheckpointTampered,
    ),
    ("UPDATE checkpoint SET note = '' WHERE size = 4", CheckpointTampered),
    ("DELETE FROM checkpoint WHERE size = 4", CopyTampered),
]


@pytest.fixture
def audited(filled: Any, decided: RecordedVerdict) -> Store:
    """A registry with an entry of every kind: 3 enrolments, commitment, 3 reservations, issue, verdict, revocation."""
    with filled.store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 2")
    store: Store = filled.store
    return store


def test_an_honest_registry_passes(audited: Store) -> None:
    """The report counts every entry, row, node and checkpoint, and everything sealed was opened."""
    report = audited.audit()
    assert (report.size, report.published, report.audited) == (10, 10, True)
    assert report.entries == {
        "enrolment": 3,
        "commitment": 1,
        "reservation": 3,
        "issue": 1,
        "verdict": 1,
        "revocation": 1,
    }
    assert report.rows == {
        "devices": 3,
        "releases": 1,
        "copies": 3,
        "verdicts": 1,
        "reenrolments": 0,
        "possessions": 0,
    }
    assert (report.nodes, report.checkpoints, report.opened) == (10 + 5 + 2 + 1, 8, 3 + 3 + 1 + 1)
    with audited.reading() as registry:
        assert report.root == "sha256:" + registry.checkpoint().root.hex()


def test_an_empty_registry_passes(store: Store) -> None:
    """An empty log has the empty root."""
    report = store.audit()
    assert (report.size, report.entries, report.root) == (0, {}, "sha256:" + tree.EMPTY_ROOT.hex())


@pytest.mark.parametrize(("statement", "error"), EDITS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_edit_is_found(
    audited: Store, raw_update: Callable[..., None], statement: str, error: type[Tampered]
) -> None:
    """With the guards dropped and one edit made by raw SQL, the audit raises that edit's own error."""
    raw_update(statement)
    with pytest.raises(Tampered) as found:
        audited.audit()
    assert type(found.value) is error, found.value


def test_a_changed_entry_with_its_nodes_mended_is_found(audited: Store, raw_update: Callable[..., None]) -> None:
    """Whoever changes an entry and recomputes every stored hash still lacks the signature."""
    with audited.reading() as registry:
        data = [registry.entry(index).data for index in range(10)]
    data[7] = data[7].replace(b"minted", b"stolen")
    edge: list[bytes] = []
    statements = [f"UPDATE log_entry SET data = x'{data[7].hex()}' WHERE idx = 7"]
    for size, each in enumerate(data):
        edge, completed = tree.grow(size, edge, tree.leaf_hash(each))
        statements += [
            f"UPDATE log_node SET hash = x'{value.hex()}' WHERE level = {node.level} AND idx = {node.number}"
            for node, value in completed
        ]
    statements.append(f"UPDATE checkpoint SET root = x'{tree.fold(edge).hex()}' WHERE size = 10")
    raw_update(*statements[:-1])
    with pytest.raises(EntryTampered, match="signed"):
        audited.audit()
    raw_update("DELETE FROM checkpoint WHERE size IN (8, 9)", statements[-1])
    with pytest.raises(CheckpointTampered):
        audited.audit()


def test_a_changed_pack_file_is_found(audited: Store, data_dir: Path) -> None:
    """A pack file with a changed byte, or gone, is found."""
    file = max((data_dir / "packs").iterdir(), key=lambda path: path.stat().st_size)  # the answers are smaller
    file.write_bytes(b"x" + file.read_bytes()[1:])
    with pytest.raises(BlobTampered):
        audited.audit()
    file.unlink()
    with pytest.raises(BlobTampered):
        audited.audit()


def test_an_older_checkpoint_is_extended(filled: Any, decided: RecordedVerdict) -> None:
    """A checkpoint kept from before proves that the log still extends it."""
    with filled.store.reading() as registry:
        old = registry.checkpoint().note
    with filled.store.unit() as registry:
        registry.revoke_device(filled.tenant, "pump 2")
    assert filled.store.audit(since=old).size == 10


def test_a_rewritten_history_is_found_by_an_older_checkpoint(audited: Store, data_dir: Path, kek: bytes) -> None:
    """Somebody with the log's key can sign another history; whoever kept a checkpoint of the first one sees it."""
    signer = log_signer(data_dir, kek)
    other = sign_checkpoint(4, bytes(32), signer)
    with pytest.raises(Inconsistent, match="does not extend"):
        audited.audit(since=other.note)
    with pytest.raises(Inconsistent, match="has 11 entries"):
        audited.audit(since=sign_checkpoint(11, bytes(32), signer).note)
    stranger = Ed25519Signer("example.com/log", base64.b64decode("AAAA" * 10 + "AAA="))
    with pytest.raises(SignatureInvalid):
        audited.audit(since=sign_checkpoint(4, bytes(32), stranger).note)

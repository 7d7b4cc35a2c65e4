"""The audit: everything rebuilt from the log's entries alone, in memory that does not grow with it.

1. Every stored checkpoint is signed by the log's key, and so are cosignatures by their keys where those are known; time
   stamps are by given authorities, if any are given, over their checkpoint, and say the time that is stored.
2. The entries have no gap, and at each checkpoint's size the root rebuilt from them is the one that was signed.
3. The stored subtree hashes, from which proofs are made, are those that the entries give, no more and no fewer.
4. Each entry has exactly one row that claims it, and what the row claims is the entry, byte for byte. Verdicts of
   before they had a summary are compared in that form, counted apart, and refused after the first one that has it.
5. Sealed keys open in their rows, and are the ones that the log commits to; so are the codewords derived from them.
6. Every release's verifier pack is on the disk, opens, and is what was committed; so are the answers of every verdict
   that no disposal speaks of.
7. If an older checkpoint is brought along, the log extends it.

It finds whatever was changed in database or files by somebody without the log's signing key. With that key a whole
other history can be written: only step 7, with a checkpoint that was kept elsewhere, finds that.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fingerprint import canonical
from fingerprint.commitment import Commitment
from fingerprint.errors import MalformedError, ParameterError
from fingerprint.pack import VerifierPack
from registry.blobs import PackFiles
from registry.claims import TAMPERED, Claim, claim
from registry.errors import (
    BlobTampered,
    CheckpointTampered,
    EntryTampered,
    Inconsistent,
    MalformedEntry,
    MalformedNote,
    MalformedTimestamp,
    NodeTampered,
    ReleaseTampered,
    SignatureInvalid,
    TimestampInvalid,
)
from registry.log import entries, timestamp, tree
from registry.log.checkpoint import open_checkpoint
from registry.log.note import Ed25519Verifier, Note, NoteVerifier
from registry.log.timestamp import Authorities
from registry.records import AuditReport, Checkpoint, EntryKind
from registry.repository.scan import Scan
from registry.repository.scanned import Scanned, ScannedRelease, ScannedVerdict
from registry.sealing import Sealer
from registry.usecases.cases import answers_row
from registry.usecases.devices import device_row
from registry.usecases.releases import release_row

FIRST_FORM = "verdict without summary"
"""What a report calls verdicts as they were logged before they had a summary: accepted at the log's beginning alone."""


def audit(
    scan: Scan,
    verifier: Ed25519Verifier,
    *,
    cosigners: Sequence[NoteVerifier] = (),
    sealer: Sealer | None = None,
    blobs: PackFiles | None = None,
    since: str | None = None,
    authorities: Authorities | None = None,
) -> AuditReport:
    """The report of an audit that found nothing; anything found is raised.

    Args:
        scan: the whole database.
        verifier: the log's public key.
        cosigners: public keys of cosigners, for step 1.
        sealer: opens keys for steps 5 and 6; without it they are left out.
        blobs: the verifier packs; without them step 6 is left out.
        since: note of an older checkpoint, for step 7.
        authorities: whose time stamps are verified in step 1; without them none is.

    Raises:
        CheckpointTampered, EntryTampered, NodeTampered: steps 1 to 3.
        DeviceTampered, ReleaseTampered, CopyTampered, VerdictTampered: steps 4 to 6.
        SealBroken, BlobTampered: steps 5 and 6.
        Inconsistent: step 7.
    """
    older = None if since is None else open_checkpoint(since, verifier)
    roots = _check_roots(scan, verifier, older)
    cosigned = _check_cosignatures(scan, cosigners)
    stamped = 0 if authorities is None else _check_timestamps(scan, authorities)
    nodes, vault = _Nodes(scan, roots.published), _Vault(sealer, blobs)
    found = _check_rows(scan, nodes, vault)
    return AuditReport(
        size=roots.size,
        root="sha256:" + roots.root.hex(),
        published=roots.published,
        checkpoints=roots.checkpoints,
        cosignatures=cosigned,
        timestamps=stamped,
        nodes=nodes.compared,
        entries=dict(found),
        rows=scan.counts(),
        opened=vault.opened,
        note=roots.note,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roots:
    size: int
    root: bytes
    published: int
    checkpoints: int
    note: str | None


def _check_roots(scan: Scan, verifier: Ed25519Verifier, older: Checkpoint | None) -> _Roots:
    """Steps 1, 2 and 7."""
    signed = _checkpoints(scan, verifier)
    due = next(signed, None)
    size, edge, published, count, note = 0, list[bytes](), 0, 0, None
    for data in _entries(scan):
        while due is not None and due.size == size:
            _require_root(due, edge)
            published, count, note, due = size, count + 1, due.note, next(signed, None)
        _require_extends(older, size, edge)
        if data is not None:
            edge, _ = tree.grow(size, edge, tree.leaf_hash(data))
            size += 1
    if due is not None:
        raise EntryTampered(f"a checkpoint of {due.size} entries was signed, and the log has {size}")
    if older is not None and older.size > size:
        raise Inconsistent(f"the checkpoint brought along has {older.size} entries, and the log has {size}")
    return _Roots(size=size, root=tree.fold(edge), published=published, checkpoints=count, note=note)


def _entries(scan: Scan) -> Iterator[bytes | None]:
    """Every entry, then None for the end; raises EntryTampered for a gap."""
    for expected, (index, data) in enumerate(scan.entries()):
        if index != expected:
            raise EntryTampered(f"entry {expected} is missing; the log goes on with entry {index}")
        yield data
    yield None


def _checkpoints(scan: Scan, verifier: Ed25519Verifier) -> Iterator[Checkpoint]:
    """Step 1."""
    for size, root, note in scan.checkpoints():
        try:
            checkpoint = open_checkpoint(note, verifier)
        except (MalformedNote, SignatureInvalid) as error:
            raise CheckpointTampered(f"the checkpoint of {size} entries was not signed by the log: {error}") from error
        if (checkpoint.size, checkpoint.root) != (size, root):
            raise CheckpointTampered(f"the checkpoint of {size} entries does not say what its row says")
        yield checkpoint


def _check_cosignatures(scan: Scan, cosigners: Sequence[NoteVerifier]) -> int:
    """Step 1, of whatever keys are known."""
    known = {(each.name, each.key_id.hex()): each for each in cosigners}
    verified = 0
    for note, name, key_id, signature in scan.cosignatures():
        if (name, key_id) in known:
            try:
                known[name, key_id].verify(Note.parse(note).text, signature)
            except (MalformedNote, SignatureInvalid) as error:
                raise CheckpointTampered(f"a stored cosignature was not made by its key: {error}") from error
            verified += 1
    return verified


def _check_timestamps(scan: Scan, authorities: Authorities) -> int:
    """Step 1, of every stamp."""
    verified = 0
    for note, token, stamped_at in scan.timestamps():
        try:
            moment = timestamp.verify(token, note, authorities)
        except (MalformedTimestamp, MalformedNote, TimestampInvalid) as error:
            raise CheckpointTampered(f"a stored time stamp does not date its checkpoint: {error}") from error
        if moment != stamped_at:
            raise CheckpointTampered(f"a time stamp of {moment} is stored as one of {stamped_at}")
        verified += 1
    return verified


def _require_root(checkpoint: Checkpoint, edge: list[bytes]) -> None:
    if tree.fold(edge) != checkpoint.root:
        raise EntryTampered(f"the first {checkpoint.size} entries do not give the root that was signed for them")


def _require_extends(older: Checkpoint | None, size: int, edge: list[bytes]) -> None:
    if older is not None and older.size == size and tree.fold(edge) != older.root:
        raise Inconsistent(f"the log does not extend the checkpoint of {size} entries brought along")


def _check_rows(scan: Scan, nodes: "_Nodes", vault: "_Vault") -> Counter[str]:
    """Steps 3 to 6: the entries, known to be those that were signed, against everything stored beside them."""
    rows = heapq.merge(*scan.rows(), key=lambda row: row.index)
    claims = _claims(rows, vault)
    found: Counter[str] = Counter()
    for index, data in scan.entries():
        nodes.compare(index, data)
        name = _match(index, data, next(claims, None))
        if name == FIRST_FORM and found[EntryKind.VERDICT.value]:
            raise EntryTampered(f"entry {index} is a verdict without a summary after one that has it: a form of before")
        found[name] += 1
    beyond = next(claims, None)
    if beyond is not None:
        beyond.fail(f"it claims entry {beyond.index}, which is another row's or beyond the end of the log")
    nodes.finish()
    return found


def _claims(rows: Iterator[Scanned], vault: "_Vault") -> Iterator[Claim]:
    for row in rows:
        if isinstance(row, ScannedRelease):
            vault.check_pack(row)
        claimed = claim(row, vault.codeword_key)
        if isinstance(row, ScannedVerdict):
            vault.check_answers(row)
        yield claimed


def _match(index: int, data: bytes, claimed: Claim | None) -> str:
    """Step 4 for one entry: its kind, if the next row claims it and says what it says."""
    try:
        kind, fields = entries.decode(data)
    except MalformedEntry as error:
        raise EntryTampered(f"entry {index} is none that this registry writes: {error}") from error
    if claimed is None or claimed.index > index:
        raise TAMPERED[kind](f"entry {index} ({kind}) has no row; a row was deleted or points elsewhere")
    if claimed.index < index:
        claimed.fail(f"it claims entry {claimed.index}, which another row claims too")
    claimed.require(kind == claimed.kind, f"it claims entry {index} as {claimed.kind}, and that is a {kind}")
    before = entries.is_first_form(kind, fields)
    said = claimed.first_form if before and claimed.first_form is not None else claimed.fields
    spoken = {*fields, *said} - claimed.silent
    differing = sorted(name for name in spoken if fields.get(name) != said.get(name))
    claimed.require(not differing, f"it disagrees with entry {index} on {', '.join(differing)}")
    return FIRST_FORM if before else kind.value


class _Nodes:
    """Step 3: the stored subtree hashes, met in the order in which the entries complete them."""

    def __init__(self, scan: Scan, published: int) -> None:
        self._scan = scan
        self._published = published
        self._levels: dict[int, Iterator[tuple[int, bytes]]] = {}
        self._edge: list[bytes] = []
        self.compared = 0

    def compare(self, index: int, data: bytes) -> None:
        """The subtrees that this entry completes. An entry that was never signed is blamed rather than its node."""
        self._edge, completed = tree.grow(index, self._edge, tree.leaf_hash(data))
        for node, value in completed:
            if node.level not in self._levels:
                self._levels[node.level] = self._scan.level(node.level)
            if next(self._levels[node.level], None) != (node.number, value):
                wrong = f"subtree {node.number} of level {node.level} is not stored as its entries give it"
                raise (NodeTampered if index < self._published else EntryTampered)(f"entry {index}: {wrong}")
            self.compared += 1

    def finish(self) -> None:
        """No subtree is stored that no entry completes."""
        stored = self._scan.node_count()
        if stored != self.compared:
            raise NodeTampered(f"{stored} subtrees are stored, and the entries complete {self.compared}")


class _Vault:
    """Steps 5 and 6: what is sealed."""

    def __init__(self, sealer: Sealer | None, blobs: PackFiles | None) -> None:
        self._sealer = sealer
        self._blobs = blobs
        self.opened = 0

    def codeword_key(self, tenant: str, device: str, data_key: bytes | None, sealed: bytes) -> bytes | None:
        """The codeword key; None without a sealer, and for a device whose data key was destroyed."""
        if self._sealer is None or data_key is None:
            return None
        self.opened += 1
        return self._sealer.open(data_key, device_row(tenant, device), "codeword_key", sealed)

    def check_pack(self, row: ScannedRelease) -> None:
        """The release's verifier pack is there and is what was committed."""
        if self._blobs is None or self._sealer is None or row.data_key is None:
            return
        file = self._blobs.get(row.pack_file)
        pack = self._sealer.open(row.data_key, release_row(row.tenant, row.id), "pack", file)
        if canonical.digest(pack) != row.pack_digest:
            raise BlobTampered(f"the verifier pack of release {row.id} is not the one that was committed")
        try:
            committed = Commitment.from_bytes(row.commitment)
            again = replace(committed, pack=VerifierPack.from_bytes(pack).commitment()).to_bytes()
        except (MalformedError, ParameterError) as error:
            raise ReleaseTampered(f"release {row.id}: its pack or commitment does not parse: {error}") from error
        if again != row.commitment:
            raise ReleaseTampered(f"release {row.id}: its commitment is not that of its verifier pack")
        self.opened += 1

    def check_answers(self, row: ScannedVerdict) -> None:
        """The answers that a verdict rests on are there and are those of its observation."""
        if self._blobs is None or self._sealer is None or row.answers_file is None or row.answers_key is None:
            return
        file = self._blobs.get(row.answers_file)
        answers = self._sealer.open(row.answers_key, answers_row(row.tenant, row.case), "file", file)
        if canonical.digest(answers) != row.observation_digest:
            raise BlobTampered(f"the answers of case {row.case} are not those that its verdict rests on")
        self.opened += 1

"""Where a registry lives: a data directory with a database, keys and verifier packs; and its units of work.

```
DATA/registry.db    SQLite in WAL mode, unless a database URL is given
DATA/kek.key        key-encryption keys, mode 0600, unless they are given
DATA/log.key        the log's signing keys (Ed25519, ML-DSA-44) and name, mode 0600
DATA/log.pub        its public key (vkey), for whoever checks checkpoints
DATA/packs/         verifier packs, sealed
```

| who can change | could cause | and could not |
|---|---|---|
| registry.db, packs/ | refusal of service; edits that the audit finds | secrets read; history rewritten unseen |
| log.key | another history, which whoever holds an old checkpoint sees | secrets read |
| kek.key and registry.db | codeword keys read | a changed log |
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from registry import database, migrations
from registry.audit import audit
from registry.blobs import PackFiles
from registry.database import Database, Session
from registry.errors import StoreExists, StoreMissing, StoreOutdated, WitnessFailed
from registry.keys.local import LocalKeys, create_private_file, read_keys, read_private_file, split_keys, write_keys
from registry.log.cosignature import Cosigner
from registry.log.log import Log
from registry.log.note import Ed25519Signer, Note, Signature, require_name
from registry.log.policy import Known, Policy
from registry.log.signing_keys import read_log_keys, write_log_keys
from registry.log.storage import SqlLogStorage
from registry.records import AuditReport, Checkpoint, Cosigned
from registry.repository import Repository
from registry.repository.scan import Scan
from registry.sealing import Sealer
from registry.service import Registry
from registry.usecases.access import Access
from registry.usecases.tools import Tools
from registry.witness.client import Post, ask, post_over_http

Clock = Callable[[], datetime]
Entropy = Callable[[int], bytes]
KEK_FILE, LOG_KEY_FILE, LOG_PUBLIC_FILE, PACKS = "kek.key", "log.key", "log.pub", "packs"


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a store can serve.

    Attributes:
        database: it answers.
        migrated: it is at the revision that this code expects.
        entries: number of log entries.
        checkpoint_size: size of the newest signed checkpoint, -1 if there is none.
    """

    database: bool
    migrated: bool
    entries: int = 0
    checkpoint_size: int = -1

    @property
    def ready(self) -> bool:
        """Database there and migrated, and the log signed at least once."""
        return self.database and self.migrated and self.checkpoint_size >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a store is made of besides its database."""

    signer: Ed25519Signer
    cosigners: tuple[Cosigner, ...]
    sealer: Sealer
    blobs: PackFiles
    clock: Clock
    entropy: Entropy

    def storage(self, session: Session) -> SqlLogStorage:
        """The log's tables over a session."""
        return SqlLogStorage(session, self.signer.name)

    def log(self, session: Session) -> Log:
        """The log over a session."""
        return Log(self.storage(session), self.signer, self.clock)

    def tools(self, session: Session) -> Tools:
        """What use-cases need, over a session."""
        return Tools(
            repository=Repository.over(session),
            log=self.log(session),
            sealer=self.sealer,
            blobs=self.blobs,
            clock=self.clock,
            entropy=self.entropy,
        )


class Store:
    """Units of work over one registry. Make it with `open_registry`; threads may share it."""

    def __init__(self, database_: Database, parts: Parts) -> None:
        self._database = database_
        self._parts = parts

    @contextmanager
    def unit(self) -> Iterator[Registry]:
        """One writing unit: committed whole at the end, undone by an exception; then the log is signed."""
        with self._database.writing() as session:
            tools = self._parts.tools(session)
            yield Registry(tools)
        if tools.log.appended:
            self.publish(tools.log.appended)

    @contextmanager
    def reading(self) -> Iterator[Registry]:
        """One reading unit: a consistent view that blocks nobody and refuses to write."""
        with self._database.reading() as session:
            yield Registry(self._parts.tools(session))

    def publish(self, size: int = 0) -> Checkpoint:
        """Sign what is committed, unless a checkpoint of at least `size` entries (when given) is there already."""
        if size:
            with self._database.reading() as session:
                newest = self._parts.log(session).checkpoint()
            if newest.size >= size:
                return newest
        with self._database.writing() as session:
            return self._parts.log(session).publish()

    def audit(self, *, since: str | None = None, policy: Policy | None = None) -> AuditReport:
        """Rebuild the log from its entries and compare everything with it.

        Args:
            since: note of an older checkpoint, which the log must extend.
            policy: names witnesses whose stored cosignatures are verified along with the log's own.

        Raises:
            Tampered, Inconsistent: what `registry.audit` found.
        """
        parts = self._parts
        witnesses = [] if policy is None else [known.verifier for known in policy.witnesses.values()]
        with self._database.reading() as session:
            return audit(
                Scan(session),
                parts.signer.verifier,
                cosigners=[*(each.verifier for each in parts.cosigners), *witnesses],
                sealer=parts.sealer,
                blobs=parts.blobs,
                since=since,
            )

    def health(self) -> Health:
        """Whether the store can serve."""
        if not self._database.reachable():
            return Health(database=False, migrated=False)
        with self._database.reading() as session:
            if migrations.current(session.connection()) != migrations.head():
                return Health(database=True, migrated=False)
            storage = self._parts.storage(session)
            latest = storage.latest()
            signed = -1 if latest is None else latest.size
            return Health(database=True, migrated=True, entries=storage.size(), checkpoint_size=signed)

    def cosign(self, policy: Policy | None = None, post: Post = post_over_http) -> Cosigned:
        """Have the newest checkpoint cosigned: by the log's second key, and by the policy's witnesses that have a URL.

        No transaction is open while a witness is asked. A witness that fails is reported, and the others are kept.
        """
        with self._database.reading() as session:
            checkpoint = self._parts.log(session).checkpoint()
        signatures, failed = list(self._own_cosignatures(checkpoint)), dict[str, str]()
        for name, witness in ({} if policy is None else policy.witnesses).items():
            try:
                signatures += self._ask(checkpoint, witness, post)
            except WitnessFailed as error:
                failed[name] = str(error)
        with self._database.writing() as session:
            self._parts.storage(session).add_cosignatures(checkpoint.size, signatures, self._parts.clock())
            cosigned = self._parts.log(session).checkpoint_of(checkpoint.size)
        return Cosigned(checkpoint=cosigned, failed=failed)

    def _own_cosignatures(self, checkpoint: Checkpoint) -> Iterator[Signature]:
        text = Note.parse(checkpoint.note).text
        for each in self._parts.cosigners:
            yield Signature(name=each.name, key_id=each.key_id, payload=each.sign(text))

    def _ask(self, checkpoint: Checkpoint, witness: Known, post: Post) -> tuple[Signature, ...]:
        verifier = witness.verifier
        if witness.url is None:
            raise WitnessFailed("the policy gives no URL for it")

        def prove(old: int) -> tuple[bytes, ...]:
            with self._database.reading() as session:
                return self._parts.log(session).hashes(old, checkpoint.size)

        with self._database.reading() as session:
            old = self._parts.storage(session).last_cosigned(verifier.name, verifier.key_id)
        return ask(checkpoint, verifier=verifier, url=witness.url, old=old, prove=prove, post=post)

    def cosigner_keys(self) -> tuple[str, ...]:
        """Public keys (vkeys) of the log's own cosigners."""
        return tuple(each.verifier.vkey() for each in self._parts.cosigners)

    def add_pepper(self) -> None:
        """A fresh pepper for new tokens; tokens under older ones stay valid."""
        with self._database.writing() as session:
            Access(self._parts.tools(session)).add_pepper()


def init_store(
    data_dir: Path,
    *,
    kek: bytes | None = None,
    database_url: str | None = None,
    origin: str | None = None,
    clock: Clock = utc_now,
    entropy: Entropy = os.urandom,
) -> None:
    """Create a registry: folders and keys, then in one transaction the tables, a pepper and the empty log's checkpoint.

    Called again after a crash it goes on with the keys that it finds.

    Args:
        data_dir: created if need be, for its owner only.
        kek: key-encryption key of 32 bytes, kept by the caller; a file is written when it is None.
        database_url: SQLAlchemy URL, SQLite in the data directory when it is None.
        origin: the log's name, a schema-less URL by custom; drawn when it is None.
        clock: the time.
        entropy: fresh random bytes.

    Raises:
        StoreExists: the database holds a registry already; nothing was changed.
        MalformedNote: the origin cannot name a log.
    """
    name = origin or f"countermark.invalid/log/{entropy(8).hex()}"
    require_name(name)
    (data_dir / PACKS).mkdir(mode=0o700, parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    if kek is None and not (data_dir / KEK_FILE).exists():
        write_keys(data_dir / KEK_FILE, [entropy(32)])
    if not (data_dir / LOG_KEY_FILE).exists():
        create_private_file(data_dir / LOG_KEY_FILE, write_log_keys(name, entropy(32), entropy(32)))
    parts = _parts(data_dir, kek, clock, entropy)
    with database.connect(database_url, data_dir) as found, found.writing() as session:
        if migrations.current(session.connection()) is not None:
            raise StoreExists("the database holds a registry already; choose another data directory or database")
        migrations.upgrade(session.connection())
        Access(parts.tools(session)).add_pepper()
        parts.log(session).publish()
    (data_dir / LOG_PUBLIC_FILE).write_text(parts.signer.verifier.vkey() + "\n", encoding="utf-8")


@contextmanager
def open_registry(
    data_dir: Path,
    *,
    kek: bytes | None = None,
    database_url: str | None = None,
    clock: Clock = utc_now,
    entropy: Entropy = os.urandom,
) -> Iterator[Store]:
    """A store over an initialised data directory; what a crash left unsigned is signed first.

    Raises:
        StoreMissing: not initialised.
        StoreOutdated: the database is at another revision than this code.
        KeyFileUnsafe: others can read a key file.
        SealingUnavailable: no AES-GCM-SIV in this build of OpenSSL.
    """
    parts = _parts(data_dir, kek, clock, entropy)
    with database.connect(database_url, data_dir) as found:
        _require_migrated(found)
        store = Store(found, parts)
        store.publish()
        yield store


def upgrade_store(data_dir: Path, *, database_url: str | None = None) -> None:
    """Bring an older database to the revision of this code, in one transaction.

    Raises:
        StoreMissing: not initialised.
    """
    with database.connect(database_url, _initialised(data_dir)) as found, found.writing() as session:
        migrations.upgrade(session.connection())


def _initialised(data_dir: Path) -> Path:
    if not (data_dir / LOG_KEY_FILE).exists():
        raise StoreMissing(f"{data_dir} holds no registry; initialise it first")
    return data_dir


def _parts(data_dir: Path, kek: bytes | None, clock: Clock, entropy: Entropy) -> Parts:
    keys = read_keys(_initialised(data_dir) / KEK_FILE) if kek is None else split_keys(kek)
    signer, cosigners = read_log_keys(read_private_file(data_dir / LOG_KEY_FILE), lambda: int(clock().timestamp()))
    return Parts(
        signer=signer,
        cosigners=cosigners,
        sealer=Sealer(LocalKeys(keys, entropy), entropy),
        blobs=PackFiles(data_dir / PACKS),
        clock=clock,
        entropy=entropy,
    )


def _require_migrated(found: Database) -> None:
    with found.reading() as session:
        revision = migrations.current(session.connection())
    if revision is None:
        raise StoreMissing("the database holds no registry; initialise it first")
    if revision != migrations.head():
        raise StoreOutdated(f"the database is at revision {revision} and this code at {migrations.head()}; upgrade it")

"""Where a registry lives: a data directory with a database, keys and verifier packs; and its units of work.

```
DATA/registry.db    SQLite in WAL mode, unless a database URL is given
DATA/kek.key        key-encryption keys, mode 0600, unless they are kept elsewhere (registry.keys.places)
DATA/log.key        the log's name and signing keys (Ed25519, ML-DSA-44), sealed under the key-encryption key, mode
                    0600; the Ed25519 key is in it unless that is kept elsewhere (registry.signing.places)
DATA/log.pub        its public key (vkey), for whoever checks checkpoints
DATA/packs/         verifier packs and suspects' answers, sealed
```

| who can change | could cause | and could not |
|---|---|---|
| registry.db, packs/ | refusal of service; edits that the audit finds | secrets read; history rewritten unseen |
| log.key | refusal of service | another history signed; secrets read |
| log.key and registry.db | a history under another key, seen by holders of the log's public key | the log's signature |
| kek.key and log.key | another history, which whoever holds an old checkpoint sees | secrets of the database read |
| kek.key and registry.db | codeword keys read | a changed log |
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from registry import database, migrations
from registry.blobs import PackFiles
from registry.codebooks import Codebooks
from registry.database import Database
from registry.errors import StoreExists, StoreMissing, StoreOutdated
from registry.keys.base import KeyProvider
from registry.keys.file import FileKeys
from registry.keys.local import (
    LocalKeys,
    create_private_file,
    split_keys,
)
from registry.keys.places import KEK_FILE
from registry.log.note import require_name
from registry.log.storage import lock_log
from registry.packs import Packs
from registry.parts import Clock, Entropy, Parts, utc_now
from registry.repository.roles import grant
from registry.sealing import Sealer
from registry.signing.base import SigningKey
from registry.signing.log_keys import LogKeys, new_key_file
from registry.units import Health, Store
from registry.usecases.access import Access

__all__ = [
    "Health",
    "Store",
    "drop_old_keys",
    "grant_access",
    "init_store",
    "open_registry",
    "seal_log_key",
    "upgrade_store",
    "utc_now",
]

LOG_KEY_FILE, LOG_PUBLIC_FILE, PACKS = "log.key", "log.pub", "packs"


def init_store(
    data_dir: Path,
    *,
    kek: bytes | None = None,
    keys: KeyProvider | None = None,
    log_key: SigningKey | None = None,
    database_url: str | None = None,
    origin: str | None = None,
    clock: Clock = utc_now,
    entropy: Entropy = os.urandom,
) -> None:
    """Create a registry: folders and keys, then in one transaction the tables, a pepper and the empty log's checkpoint.

    Called again after a crash it goes on with the keys that it finds.

    Args:
        data_dir: created if need be, for its owner only.
        kek: key-encryption key of 32 bytes, kept by the caller.
        keys: key-encryption keys kept in another place; with neither, a file is written.
        log_key: the log's own key if it is kept in another place; without one it is drawn, and sealed in a file.
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
    if kek is None and keys is None:
        keys = FileKeys.create(data_dir / KEK_FILE, entropy)
    sealing = keys or _keys(data_dir, kek, entropy)
    if not (data_dir / LOG_KEY_FILE).exists():
        text = new_key_file(name, Sealer(sealing, entropy), log_key, entropy).render()
        with suppress(FileExistsError):  # one that somebody else has just made
            create_private_file(data_dir / LOG_KEY_FILE, text)
    parts = _parts(data_dir, sealing, log_key, clock, entropy)
    parts.log_keys.open()
    (data_dir / LOG_PUBLIC_FILE).write_text(parts.signer.verifier.vkey() + "\n", encoding="utf-8")
    with database.connect(database_url, data_dir) as found, found.writing() as session:
        lock_log(session.connection())
        if migrations.current(session.connection()) is not None:
            raise StoreExists("the database holds a registry already; choose another data directory or database")
        migrations.upgrade(session.connection())
        Access(parts.tools(session)).add_pepper()
        parts.log(session).publish()


@contextmanager
def open_registry(
    data_dir: Path,
    *,
    kek: bytes | None = None,
    keys: KeyProvider | None = None,
    log_key: SigningKey | None = None,
    database_url: str | None = None,
    clock: Clock = utc_now,
    entropy: Entropy = os.urandom,
    signing: bool = True,
) -> Iterator[Store]:
    """A store over an initialised data directory; what a crash left unsigned is signed first.

    Without `signing` that is left, and the log's secret keys are opened by the first signature, if there is one:
    whoever reads or audits needs its public keys alone.

    Raises:
        StoreMissing: not initialised.
        StoreOutdated: the database is at another revision than this code.
        KeyFileUnsafe: others can read a key file.
        SealingUnavailable: no AES-GCM-SIV in this build of OpenSSL.
        UnknownKey, SealBroken, KeysUnavailable: the log's signing keys cannot be opened.
    """
    parts = _parts(data_dir, keys or _own_keys(data_dir, kek, entropy), log_key, clock, entropy)
    if signing:
        parts.log_keys.open()
    with database.connect(database_url, data_dir) as found:
        _require_migrated(found)
        store = Store(found, parts)
        if signing:
            store.publish()
        yield store


def seal_log_key(
    data_dir: Path, *, kek: bytes | None = None, keys: KeyProvider | None = None, entropy: Entropy = os.urandom
) -> bool:
    """Seal a key file that an older version wrote in the clear; whether it was. The keys stay the same ones.

    The sealed file is opened for proof, flushed, and then takes the other one's name in one step: at every moment one
    of the two is there. Blocks of the disk and backups may hold the old one still.

    Raises:
        StoreMissing, KeyFileUnsafe: no key file, or others can read it.
        UnknownKey, SealBroken, KeysUnavailable: the file was not touched.
    """
    sealing = keys or _own_keys(data_dir, kek, entropy)
    return LogKeys(_initialised(data_dir) / LOG_KEY_FILE, Sealer(sealing, entropy), int).seal()


def drop_old_keys(data_dir: Path, *, database_url: str | None = None) -> int:
    """Destroy every key in the file but the current one; how many. Old backups can no longer be opened with the rest.

    Raises:
        KeyInUse: something is still sealed under an older key; the file was not touched.
    """
    with open_registry(data_dir, database_url=database_url, signing=False) as store:
        return store.drop_old_keys(data_dir / KEK_FILE)


def upgrade_store(data_dir: Path, *, database_url: str | None = None) -> None:
    """Bring an older database to the revision of this code, in one transaction; one at a time, and no units meanwhile.

    Raises:
        StoreMissing: not initialised.
    """
    with database.connect(database_url, _initialised(data_dir)) as found, found.writing() as session:
        lock_log(session.connection())
        migrations.upgrade(session.connection())


def grant_access(data_dir: Path, role: str, *, database_url: str | None = None) -> dict[str, str]:
    """Give a role of PostgreSQL what the service needs and no more (`registry.repository.roles`); rights by table.

    Raises:
        StoreMissing: not initialised.
        StoreError, UnknownRole: not on PostgreSQL, or no such role.
    """
    with database.connect(database_url, _initialised(data_dir)) as found, found.writing() as session:
        return grant(session, role)


def _initialised(data_dir: Path) -> Path:
    if not (data_dir / LOG_KEY_FILE).exists():
        raise StoreMissing(f"{data_dir} holds no registry; initialise it first")
    return data_dir


def _own_keys(data_dir: Path, kek: bytes | None, entropy: Entropy) -> KeyProvider:
    return _keys(_initialised(data_dir), kek, entropy)


def _keys(data_dir: Path, kek: bytes | None, entropy: Entropy) -> KeyProvider:
    return FileKeys(data_dir / KEK_FILE, entropy) if kek is None else LocalKeys(split_keys(kek), entropy)


def _parts(data_dir: Path, keys: KeyProvider, held: SigningKey | None, clock: Clock, entropy: Entropy) -> Parts:
    sealer, path = Sealer(keys, entropy), _initialised(data_dir) / LOG_KEY_FILE
    return Parts(
        log_keys=LogKeys(path, sealer, lambda: int(clock().timestamp()), held),
        sealer=sealer,
        blobs=PackFiles(data_dir / PACKS),
        codebooks=Codebooks(),
        packs=Packs(),
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

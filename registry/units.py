"""Units of work over one registry, and what concerns it as a whole: signing, cosigning, audit, health, keys."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from registry import migrations
from registry.audit import audit
from registry.cosigning import cosign
from registry.database import Database
from registry.dropping import drop_old
from registry.errors import DatabaseUnavailable
from registry.log.policy import Policy
from registry.log.timestamp import Authorities
from registry.log.timestamp import Post as Stamping
from registry.parts import Parts
from registry.records import AuditReport, Checkpoint, TimeStamp
from registry.reports import Cosigned, KeyStatus
from registry.repository.scan import Scan
from registry.repository.sealed import SealedRows
from registry.rewrapping import Progress, rewrap
from registry.service import Registry
from registry.stamping import post_over_http as post_stamping
from registry.stamping import stamp
from registry.usecases.access import Access
from registry.witness.client import Post, post_over_http
from registry.writers import Writers


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


class Store:
    """Units of work over one registry. Make it with `open_registry`; threads may share it."""

    def __init__(self, database_: Database, parts: Parts) -> None:
        self._database = database_
        self._parts = parts
        self._writers = Writers(database_, parts)

    @contextmanager
    def unit(self) -> Iterator[Registry]:
        """One writing unit: committed whole at the end, undone by an exception; then the log is signed.

        Units of several threads share a transaction and one flush of the disk (`registry.writers`).
        """
        with self._writers.unit() as tools:
            yield Registry(tools)

    @contextmanager
    def reading(self) -> Iterator[Registry]:
        """One reading unit: a consistent view that blocks nobody and refuses to write."""
        with self._database.reading() as session:
            yield Registry(self._parts.tools(session))

    def remove_job_files(self, tenant: str) -> None:
        """Remove the uploaded models of the tenant's jobs that were done or cancelled.

        Only what is committed is looked at, and a file goes before its name: killed anywhere in between, no job that
        goes on misses its file, and no file that nobody needs is left for good.
        """
        with self.reading() as registry:
            ended = registry.files_of_ended_jobs(tenant)
        for _, file in ended:
            self._parts.blobs.remove(file)
        if ended:
            with self.unit() as registry:
                registry.forget_job_files(tenant, [job for job, _ in ended])

    def remove_left_job_files(self) -> None:
        """The same for all tenants: what was left by those who were killed before they had removed it.

        Where nothing can be written now it is left to whoever starts next.
        """
        with self.reading() as registry:
            tenants = registry.leases.tenants_with_files()
        with suppress(DatabaseUnavailable):
            for tenant in tenants:
                self.remove_job_files(tenant)

    def publish(self) -> Checkpoint:
        """Sign what is committed, unless its newest checkpoint covers it already."""
        with self._database.writing() as session:
            return self._parts.log(session).publish()

    def audit(
        self, *, since: str | None = None, policy: Policy | None = None, authorities: Authorities | None = None
    ) -> AuditReport:
        """Rebuild the log from its entries and compare everything with it.

        Args:
            since: note of an older checkpoint, which the log must extend.
            policy: names witnesses whose stored cosignatures are verified along with the log's own.
            authorities: whose time stamps are verified; without them none is.

        Raises:
            Tampered, Inconsistent: what `registry.audit` found.
        """
        parts = self._parts
        witnesses = [] if policy is None else [known.verifier for known in policy.witnesses.values()]
        with self._database.reading() as session, closing(Scan(session)) as scan:
            return audit(
                scan,
                parts.signer.verifier,
                cosigners=[*(each.verifier for each in parts.log_keys.cosigners), *witnesses],
                sealer=parts.sealer,
                blobs=parts.blobs,
                since=since,
                authorities=authorities,
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
        """Have the newest checkpoint cosigned, by the log's second key and by the policy's witnesses.

        No transaction is open while a witness is asked. A witness that fails is reported, and the others are kept.
        """
        return cosign(self._database, self._parts, policy, post)

    def stamp(self, url: str, authorities: Authorities | None = None, post: Stamping = post_stamping) -> TimeStamp:
        """Have the newest checkpoint stamped by a time-stamping authority (RFC 3161), and keep the stamp.

        Args:
            url: of the authority.
            authorities: whose stamp it must be; None leaves that to whoever reads it.
            post: sends.

        Raises:
            TimestampFailed: the authority did not stamp; nothing was stored.
            ExtraMissing: the extra `timestamp` is not installed.
        """
        return stamp(self._database, self._parts, url, authorities, post)

    def cosigner_keys(self) -> tuple[str, ...]:
        """Public keys (vkeys) of the log's own cosigners."""
        return tuple(each.verifier.vkey() for each in self._parts.log_keys.cosigners)

    def key_status(self) -> KeyStatus:
        """Which key-encryption keys are in use, and where the log's own key is."""
        with self._database.reading() as session:
            rows = dict(SealedRows(session).by_key())
        sealer, log = self._parts.sealer, self._parts.log_keys
        return KeyStatus(place=sealer.place, current=sealer.current, rows=rows, log_key=log.place, log_under=log.under)

    def rewrap(self, progress: Progress = lambda done, total: None) -> int:  # noqa: ARG005 - said to nobody
        """Wrap every data key under the current key-encryption key; how many rows' were not. Sealed values stay.

        In batches, each a unit of its own: it can be interrupted and run again, beside other writers. The file of the
        log's keys follows after the rows.

        Args:
            progress: called after each batch with the data keys moved so far and those to move.

        Raises:
            UnknownKey, SealBroken, KeysUnavailable: what was moved before stays moved.
        """
        moved = rewrap(self._database, self._parts.sealer, progress)
        self._parts.log_keys.rewrap()
        return moved

    def drop_old_keys(self, path: Path) -> int:
        """Destroy every key in the key file at the path but the first one; how many. Units wait meanwhile.

        Raises:
            KeyInUse: something is still sealed under an older key; the file was not touched.
        """
        return drop_old(self._database, self._parts, path)

    def add_pepper(self) -> None:
        """A fresh pepper for new tokens; tokens under older ones stay valid."""
        with self._database.writing() as session:
            Access(self._parts.tools(session)).add_pepper()

"""What a store is made of besides its database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.blobs import PackFiles
from registry.codebooks import Codebooks
from registry.database import Connection, Scope, Session
from registry.log.frontier import Frontier
from registry.log.log import Log
from registry.log.note import LogSigner
from registry.log.storage import SqlLogStorage
from registry.packs import Packs
from registry.repository import Repository
from registry.sealing import Sealer
from registry.signing.log_keys import LogKeys
from registry.usecases.tools import Tools

Clock = Callable[[], datetime]
Entropy = Callable[[int], bytes]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a store is made of besides its database."""

    log_keys: LogKeys
    sealer: Sealer
    blobs: PackFiles
    codebooks: Codebooks
    packs: Packs
    clock: Clock
    entropy: Entropy

    @property
    def signer(self) -> LogSigner:
        """The log's own key."""
        return self.log_keys.signer

    def storage(self, where: Session | Connection) -> SqlLogStorage:
        """The log's tables over a session's connection, or one without a session."""
        return SqlLogStorage(where if isinstance(where, Connection) else where.connection(), self.signer.name)

    def log(self, where: Session | Connection, frontier: Frontier | None = None) -> Log:
        """The log over a session's connection, or one without a session."""
        return Log(self.storage(where), self.signer, self.clock, frontier)

    def tools(self, where: Session | Scope, frontier: Frontier | None = None) -> Tools:
        """What use-cases need, over a session or within a unit."""
        scope = where if isinstance(where, Scope) else Scope.of(where)
        return Tools(
            repository=Repository(scope),
            log=self.log(scope.connection, frontier),
            sealer=self.sealer,
            blobs=self.blobs,
            codebooks=self.codebooks,
            packs=self.packs,
            clock=self.clock,
            entropy=self.entropy,
        )

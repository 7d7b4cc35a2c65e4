"""Reading the log."""

from collections.abc import Mapping

from registry.dossier import packing
from registry.dossier.exhibits import Exhibits
from registry.log import tiles
from registry.records import Checkpoint, ConsistencyProof, Entry, InclusionProof, TimeStamp
from registry.reports import StaticFile
from registry.usecases.tools import Tools

MOST_STAMPS = 100


class Ledger:
    """What the log shows to everybody."""

    def __init__(self, tools: Tools) -> None:
        self._log = tools.log

    def checkpoint(self) -> Checkpoint:
        """The newest signed checkpoint."""
        return self._log.checkpoint()

    def verifier_key(self) -> str:
        """The log's public key."""
        return self._log.verifier_key()

    def entry(self, index: int) -> Entry:
        """An entry's exact bytes."""
        return self._log.entry(index)

    def proof(self, entry_index: int, size: int | None) -> InclusionProof:
        """That an entry is under the newest checkpoint, or under an older one."""
        return self._log.proof(entry_index, size)

    def timestamps(self, index: int) -> tuple[TimeStamp, ...]:
        """Time stamps that date an entry."""
        return self._log.timestamps(index, MOST_STAMPS)

    def seal_pack(self, exhibits: Exhibits, attachments: Mapping[str, bytes]) -> bytes:
        """An evidence pack, signed."""
        return packing.seal(exhibits, attachments, log=self._log.verifier, attest=self._log.attest)

    def tile(self, path: str) -> StaticFile:
        """A tile or entry bundle."""
        data = self._log.tile(tiles.Tile.parse(path))
        return StaticFile(data=data, content_type=tiles.CONTENT_TYPE, cache_control=tiles.CACHE_FOREVER)

    def consistency(self, old_size: int) -> ConsistencyProof:
        """That the newest checkpoint extends an older tree."""
        return self._log.consistency(old_size)

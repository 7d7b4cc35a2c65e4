"""Reading the log."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from fingerprint import canonical
from registry.dossier import packing
from registry.dossier.exhibits import Exhibits
from registry.errors import MalformedValue
from registry.log import tiles
from registry.log.log import Place
from registry.records import Checkpoint, ConsistencyProof, Entry, InclusionProof, Page, TimeStamp
from registry.reports import StaticFile
from registry.repository.page import page
from registry.usecases.tools import Tools, require_limit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = re.compile(r"([0-9]{1,17}) ([0-9]{1,18}) (sha256:[0-9a-f]{64})")  # microseconds, size of the checkpoint, token


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

    def timestamps(self, index: int, *, after: str | None, limit: int) -> Page[TimeStamp]:
        """Time stamps that date an entry, the earliest first."""
        found = self._log.timestamps(index, require_limit(limit) + 1, after=_place_of(after))
        return page(found, limit, lambda stamp: stamp, _key_of)

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


def _key_of(stamp: TimeStamp) -> str:
    """What the following page begins after; `_place_of` reads it."""
    microseconds = (stamp.stamped_at - _EPOCH) // timedelta(microseconds=1)
    return f"{microseconds} {stamp.checkpoint.size} {canonical.digest(stamp.token)}"


def _place_of(after: str | None) -> Place | None:
    """The place that a page begins after. Raises MalformedValue."""
    if after is None:
        return None
    found = _KEY.fullmatch(after)
    if found is None:
        raise MalformedValue(f"'{after[:40]}' is not the 'next' of a page of time stamps")
    microseconds, size, digest = found.groups()
    return _EPOCH + timedelta(microseconds=int(microseconds)), int(size), digest

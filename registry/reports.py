"""What operators are told about a store: cosignatures, keys, static files."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.records import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A checkpoint with every cosignature it has by now, and the witnesses that failed, each with its reason."""

    checkpoint: Checkpoint
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One of the log's static files, with what HTTP has to say of it."""

    data: bytes
    content_type: str
    cache_control: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """Which key-encryption keys are in use.

    Attributes:
        place: where the keys are, for people.
        current: id of the key that new data keys are wrapped under.
        rows: number of data keys wrapped under each key, by its id.
        log_key: where the log's own key is, for people.
        log_under: id of the key that the file of the log's keys is sealed under, None if that is in the clear.
    """

    place: str
    current: str
    rows: Mapping[str, int]
    log_key: str
    log_under: str | None

    @property
    def older(self) -> frozenset[str]:
        """Ids of the keys other than the current one that something is still sealed under."""
        return frozenset({*self.rows, *filter(None, [self.log_under])} - {self.current})

    @property
    def settled(self) -> bool:
        """Whether nothing needs an older key, so that older keys can be destroyed."""
        return not self.older

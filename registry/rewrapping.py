"""Moving every data key to the current key-encryption key: small batches, nothing locked while a key place is asked.

A batch is read in one transaction and written in another. A row that was forgotten or rewrapped in between is left as
it is, so that a destroyed data key never comes back. Killed at any moment, it goes on where it was when run again. When
somebody rotates meanwhile, all goes to the key that is current at the end.
"""

from collections.abc import Callable, Iterator, Sequence

from registry.database import Database
from registry.repository.sealed import TABLES, SealedRows, WrappedKey
from registry.sealing import RowIdentity, Sealer, header

ROWS = 500
Progress = Callable[[int, int], None]
"""(data keys moved so far, data keys to move) after each batch."""


def rewrap(database: Database, sealer: Sealer, progress: Progress) -> int:
    """Wrap every data key under the current key-encryption key; how many were not. Sealed values stay as they are.

    Raises:
        UnknownKey, SealBroken, KeysUnavailable: a data key cannot be unwrapped; what was moved before stays moved.
    """
    done = 0
    while left := _left(database, head := header(sealer.current)):  # again for what others wrote, or rotated, meanwhile
        moved = 0
        for batch in _batches(database, head):
            moved += _move(database, sealer, batch)
            progress(done + moved, done + max(left, moved))
        if not moved:
            break
        done += moved
    return done


def _left(database: Database, head: bytes) -> int:
    with database.reading() as session:
        return SealedRows(session).count_not_under(head)


def _batches(database: Database, head: bytes) -> Iterator[Sequence[WrappedKey]]:
    for name in TABLES:
        after: RowIdentity | None = None
        while True:
            with database.reading() as session:
                batch = SealedRows(session).not_under(head, name, after, ROWS)
            if not batch:
                break
            after = batch[-1].row
            yield batch


def _move(database: Database, sealer: Sealer, batch: Sequence[WrappedKey]) -> int:
    wrapped = [(each, sealer.rewrap(each.data_key, each.row)) for each in batch]
    with database.writing() as session:
        rows = SealedRows(session)
        return sum(rows.replace(each, data_key) for each, data_key in wrapped)

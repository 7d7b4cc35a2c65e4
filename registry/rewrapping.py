"""Moving every data key to the current key-encryption key: small batches, nothing locked while a key place is asked.

A batch is read in one transaction and written in another. A row that was forgotten or rewrapped in between is left as
it is, so that a destroyed data key never comes back. Killed at any moment, it goes on where it was when run again.
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
    head, done = header(sealer.current), 0
    with database.reading() as session:
        left = SealedRows(session).count_not_under(head)
    while left:
        moved = 0
        for batch in _batches(database, head):
            moved += _move(database, sealer, batch)
            progress(done + moved, max(left, done + moved))
        if not moved:
            break
        done += moved
        with database.reading() as session:  # what others wrote under an older key in the meantime
            left = done + SealedRows(session).count_not_under(head)
        if left == done:
            break
    return done


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

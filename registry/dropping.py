"""Destroying older keys in the key file: only if nothing needs them, and while nobody can begin to.

What is held meanwhile, in this order:

1. the log's lock, which every unit has that seals anything;
2. the file of the log's keys, which is sealed without a unit;
3. the key file, so that no rotation comes in between.

Whoever seals afterwards looks into the key file first (`registry.keys.file`), and finds the key that is left there.
"""

from pathlib import Path

from registry.database import Database
from registry.errors import KeyInUse
from registry.keys.local import key_id, parse_keys, replace_private_file
from registry.parts import Parts
from registry.repository.sealed import SealedRows
from registry.sealing import header


def drop_old(database: Database, parts: Parts, path: Path) -> int:
    """Destroy every key in the file but the first one; how many.

    Raises:
        KeyInUse: something is sealed under an older key; the file is left as it is.
    """
    dropped = 0
    with database.writing() as session:
        parts.storage(session).lock()  # 1

        def newest(text: str) -> str:
            nonlocal dropped
            _require_unused(SealedRows(session), parts.log_keys.under, key_id(parse_keys(text, path)[0]))
            first, *older = text.split()
            dropped = len(older)
            return first + "\n"

        with parts.log_keys.alone():  # 2
            replace_private_file(path, newest)  # 3
    return dropped


def _require_unused(rows: SealedRows, log_under: str | None, current: str) -> None:
    if rows.count_not_under(header(current)) or log_under not in {None, current}:
        older = {*rows.by_key(), *filter(None, [log_under])} - {current}
        raise KeyInUse(f"something is sealed under {', '.join(sorted(older))}; rewrap it first")

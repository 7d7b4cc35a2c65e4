"""Keyset pagination: the page after a key costs the same however far down the list it is."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from registry.records import Page

Row = TypeVar("Row")
Item = TypeVar("Item")


def page(rows: Sequence[Row], limit: int, item: Callable[[Row], Item], key: Callable[[Row], str]) -> Page[Item]:
    """A page of at most `limit` items, of rows that were asked for with `limit + 1`.

    Example:
        >>> page([1, 2, 3], 2, str, str)
        Page(items=('1', '2'), next='2')
    """
    kept = rows[:limit]
    return Page(items=tuple(item(row) for row in kept), next=key(kept[-1]) if len(rows) > limit else None)

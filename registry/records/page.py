"""Lists, a page at a time."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some items in order; `next` is the `after` of the following page, None on the last one."""

    items: tuple[Item, ...]
    next: str | None

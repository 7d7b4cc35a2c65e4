"""A place written as `KIND:PATH?NAME=VALUE&...`, taken apart and looked up in a catalogue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import parse_qs, unquote

from registry.errors import MalformedValue

OWN = "file"
"""The kind that needs no path: a file of the registry's own."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A place as it was written, taken apart.

    Attributes:
        path: between the colon and the question mark, percent-decoded.
        query: what follows the question mark.
        data_dir: the registry's directory.
        entropy: fresh random bytes.
        create: whether to make a first key where there is none.
    """

    path: str
    query: Mapping[str, list[str]]
    data_dir: Path
    entropy: Callable[[int], bytes]
    create: bool

    def one(self, name: str) -> str | None:
        """The one value of that name, None if there is none. Raises MalformedValue for several."""
        values = self.query.get(name, [])
        if len(values) > 1:
            raise MalformedValue(f"'{name}' is given {len(values)} times; give it once")
        return values[0] if values else None

    def needed(self, name: str) -> str:
        """The one value of that name. Raises MalformedValue if there is none."""
        value = self.one(name)
        if value is None:
            raise MalformedValue(f"the place lacks '{name}='; add it after the question mark")
        return value


@dataclass(frozen=True, slots=True)
class Place(Generic[T]):
    """A kind of place: what opens it, and which names may follow the question mark."""

    opened: Callable[[Wanted], T]
    names: frozenset[str] = frozenset()


def open_place(
    written: str,
    places: Mapping[str, Place[T]],
    *,
    data_dir: Path,
    entropy: Callable[[int], bytes],
    create: bool = False,
) -> T:
    """What is in the place that is written, by a catalogue of the kinds that there are.

    Raises:
        MalformedValue: no such place, or something that does not belong to it.
        StoreError: its subclass says what is wrong with the place.
    """
    kind, _, rest = written.partition(":")
    path, _, query = rest.partition("?")
    if kind not in places or (not path and kind != OWN):
        raise MalformedValue(f"'{written[:100]}' is no place for keys; write one of {', '.join(places)}, as documented")
    names = parse_qs(query)
    unknown = set(names) - places[kind].names
    if unknown:
        raise MalformedValue(f"'{kind}' takes no {', '.join(sorted(unknown))}; it takes {sorted(places[kind].names)}")
    wanted = Wanted(path=unquote(path), query=names, data_dir=data_dir, entropy=entropy, create=create)
    return places[kind].opened(wanted)

"""What a key of a configuration may hold: one small reader each, which says what it needed when it did not get it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REQUIRED = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a table.

    Attributes:
        needs: what its value must be, in words.
        reads: value of the file, folder that paths start from -> value; raises ValueError or TypeError.
        default: where the key is left out; `REQUIRED` where it may not be.
    """

    needs: str
    reads: Callable[[Any, Path], Any]
    default: Any = REQUIRED


def text(default: Any = REQUIRED) -> Key:
    """One line of text."""
    return Key(needs="text between quotation marks", reads=lambda value, _: _text(value), default=default)


def path(default: Any = REQUIRED) -> Key:
    """A path; a relative one starts from the folder of the configuration."""
    return Key(needs="a path between quotation marks", reads=lambda value, at: at / _text(value), default=default)


def word(choices: tuple[str, ...], default: Any = REQUIRED) -> Key:
    """One of some words."""
    return Key(
        needs=f"one of {', '.join(choices)}", reads=lambda value, _: choices[choices.index(value)], default=default
    )


def whole(default: Any = REQUIRED, *, least: int = 1) -> Key:
    """A whole number of at least `least`."""
    return Key(
        needs=f"a whole number of at least {least}", reads=lambda value, _: _between(value, least, int), default=default
    )


def number(default: Any = REQUIRED, *, below: float) -> Key:
    """A positive number below `below`."""

    def reads(value: Any, _: Path) -> float:
        found = float(_between(value, 0, int, float))
        if not 0 < found < below:
            raise ValueError(found)
        return found

    return Key(needs=f"a number above 0 and below {below:g}", reads=reads, default=default)


def file_names(default: Any = REQUIRED) -> Key:
    """Different names that can be names of files."""

    def reads(value: Any, _: Path) -> tuple[str, ...]:
        names = tuple(map(_text, value)) if isinstance(value, list) else ()
        wrong = [name for name in names if name.startswith(".") or "/" in name or "\\" in name]
        if not isinstance(value, list) or wrong or len(set(names)) < len(names):
            raise ValueError(value)
        return names

    return Key(needs="a list of different names, none with a slash or a dot at its beginning", reads=reads,
               default=default)  # fmt: skip


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(value)
    return value


def _between(value: Any, least: float, *kinds: type) -> Any:
    if type(value) not in kinds or not value >= least:
        raise ValueError(value)
    return value

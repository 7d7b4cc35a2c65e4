"""What everything in a PKCS#11 token shares: one module at a time, a session that is logged in, its errors as ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry.errors import KeysUnavailable, MalformedValue
from registry.extras import need
from registry.keys.local import read_private_file
from registry.keys.written import Wanted

NAMES = frozenset({"module-path", "pin-source"})
PURPOSE = "a key in a hardware security module"
TURNS = threading.Lock()
"""Held around every call of a module, of all sessions of this process: modules differ in what they bear at once."""


def require_label(label: str) -> None:
    """Return if a key can have this label: 1 to 100 ASCII characters without a colon. Raises MalformedValue."""
    if not label.isascii() or not label.isprintable() or ":" in label or not 0 < len(label) <= 100:
        raise MalformedValue(f"{label!r} cannot label a key: use 1 to 100 ASCII characters without a colon")


def named(wanted: Wanted) -> tuple[str, str, str, str]:
    """Module, token, label and PIN of a place written `pkcs11:token=T;object=LABEL?module-path=M&pin-source=FILE`.

    Raises:
        MalformedValue: written otherwise.
        StoreMissing, KeyFileUnsafe: the PIN's file is not there, or others can read it.
    """
    parts = dict(part.partition("=")[::2] for part in wanted.path.split(";"))
    if set(parts) != {"token", "object"}:
        raise MalformedValue("a security module is written pkcs11:token=T;object=LABEL?module-path=M&pin-source=FILE")
    module = wanted.needed("module-path")
    pin = read_private_file(Path(wanted.needed("pin-source").removeprefix("file:"))).strip()
    return module, parts["token"], parts["object"], pin


def log_in(module: str, token: str, pin: str) -> Any:
    """A writable session of a token. Call it with `TURNS` held and within `errors`."""
    pkcs11 = library()
    found = pkcs11.lib(module).get_token(token_label=token)
    try:
        return found.open(rw=True, user_pin=pin)
    except pkcs11.exceptions.UserAlreadyLoggedIn:  # by another session of this process
        return found.open(rw=True)


def library() -> Any:
    """The library. Raises ExtraMissing."""
    return need("pkcs11", extra="hsm", purpose=PURPOSE)


@contextmanager
def errors() -> Iterator[None]:
    """The module's errors as KeysUnavailable."""
    exceptions = need("pkcs11.exceptions", extra="hsm", purpose=PURPOSE)
    try:
        yield
    except exceptions.PKCS11Error as error:
        said = f"{type(error).__name__} {error}".strip()
        raise KeysUnavailable(f"the security module refuses: {said}; check module, token and PIN") from error

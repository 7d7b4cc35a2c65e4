"""What every use-case is given, and the forms that every use-case insists on."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from registry.blobs import PackFiles
from registry.codebooks import Codebooks
from registry.errors import MalformedDigest, MalformedName, MalformedValue, UnknownTenant
from registry.log.log import Log
from registry.packs import Packs
from registry.repository import Repository
from registry.sealing import Sealer

MAX_NAME, MAX_LIMIT = 128, 1000
SALT_BYTES = 32
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Everything a unit of work can touch: the database, the log, keys, files, the time and fresh randomness."""

    repository: Repository
    log: Log
    sealer: Sealer
    blobs: PackFiles
    codebooks: Codebooks
    packs: Packs
    clock: Callable[[], datetime]
    entropy: Callable[[int], bytes]

    def new_id(self) -> str:
        """A random id of 128 bits: 32 hexadecimal digits."""
        return self.entropy(16).hex()

    def require_tenant(self, tenant: str) -> None:
        """Return if there is such a tenant. Raises UnknownTenant."""
        if not self.repository.access.tenant_exists(tenant):
            raise UnknownTenant(f"there is no tenant with the id '{tenant}'")


def require_name(name: str, what: str) -> str:
    """The name, if it can be one: that of `require_text`, without a slash, and neither `.` nor `..`.

    A name is one segment of an address, and clients take those three for steps between segments (RFC 3986, 5.2.4).

    Example:
        >>> require_name("pump 7", "device")
        'pump 7'

    Raises:
        MalformedName: it cannot.
    """
    if "/" in name or name in (".", ".."):
        raise MalformedName(f"{name[:MAX_NAME]!r} cannot name a {what}: in an address it would lead elsewhere;"
                            " leave the slash out, and choose neither '.' nor '..'")  # fmt: skip
    return require_text(name, what)


def require_text(text: str, what: str) -> str:
    """The text, if people can read it back: 1 to 128 printing characters, no space at either end, composed (NFC).

    Example:
        >>> require_text("org/model at example.com", "suspect")
        'org/model at example.com'

    Raises:
        MalformedName: they cannot.
    """
    whole = 0 < len(text) <= MAX_NAME and text == text.strip()
    if not whole or not text.isprintable() or unicodedata.normalize("NFC", text) != text:
        raise MalformedName(
            f"{text[:MAX_NAME]!r} cannot name a {what}: use 1 to {MAX_NAME} printing characters, no space at"
            " either end, composed (Unicode NFC)"
        )
    return text


def require_digest(digest: str, what: str) -> str:
    """The digest, if it is `sha256:` and 64 lowercase hexadecimal digits. Raises MalformedDigest."""
    if not _DIGEST.fullmatch(digest):
        raise MalformedDigest(f"the digest of the {what} must be 'sha256:' and 64 lowercase hexadecimal digits")
    return digest


def require_limit(limit: int) -> int:
    """The limit, if a page can have that many items. Raises MalformedValue."""
    if not 1 <= limit <= MAX_LIMIT:
        raise MalformedValue(f"a page has 1 to {MAX_LIMIT} items, not {limit}")
    return limit

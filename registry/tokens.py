"""API tokens: what they look like and how they are stored.

    cmk_ || 37 random base62 characters (220 bits) || 6 base62 characters of CRC-32

The checksum lets a scanner tell a leaked token from noise and a typing error from a guess. What is stored is
`pepper id$HMAC-SHA256(pepper, token)`: 220 random bits need no slow hash, and a stolen database without the pepper
(sealed) cannot even be searched. Verification hashes under every live pepper, so peppers rotate without new tokens.
"""

import hashlib
import hmac
import zlib
from collections.abc import Callable

from registry.errors import UnknownToken

PREFIX, RANDOM_CHARACTERS, CHECK_CHARACTERS = "cmk_", 37, 6
PEPPER_BYTES = 32
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(number: int, width: int) -> str:
    """The lowest `width` digits of a number in base 62.

    Example:
        >>> base62(61, 3)
        '00z'
    """
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def new_token(entropy: Callable[[int], bytes]) -> str:
    """A fresh token.

    Example:
        >>> new_token(bytes)
        'cmk_00000000000000000000000000000000000004edJq1'
    """
    # 40 bytes modulo 62^37: 320 bits for 220, so no digit is likelier than another by more than 2^-99.
    body = PREFIX + base62(int.from_bytes(entropy(40), "big"), RANDOM_CHARACTERS)
    return body + checksum(body)


def checksum(body: str) -> str:
    """Six base62 characters of the CRC-32 of the token's body."""
    return base62(zlib.crc32(body.encode()), CHECK_CHARACTERS)


def require_token(token: str) -> None:
    """Return if this has the form of a token.

    Raises:
        UnknownToken: prefix, length or checksum is wrong.
    """
    body, check = token[:-CHECK_CHARACTERS], token[-CHECK_CHARACTERS:]
    whole = len(token) == len(PREFIX) + RANDOM_CHARACTERS + CHECK_CHARACTERS
    if not (whole and token.isascii() and token.startswith(PREFIX) and hmac.compare_digest(check, checksum(body))):
        raise UnknownToken("this is not a token of this service; check that it was copied whole")


def token_hash(pepper_id: str, pepper: bytes, token: str) -> str:
    """`pepper id$HMAC-SHA256(pepper, token)` in hexadecimal: what is stored."""
    return f"{pepper_id}${hmac.new(pepper, token.encode(), hashlib.sha256).hexdigest()}"

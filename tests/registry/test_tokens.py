"""API tokens: form, checksum, hash."""

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import UnknownToken
from registry.tokens import base62, checksum, new_token, require_token, token_hash


@given(st.binary(min_size=40, max_size=40))
def test_every_token_has_the_form(randomness: bytes) -> None:
    """Whatever the randomness, a token has prefix, length, alphabet and checksum."""
    token = new_token(lambda count: randomness[:count])
    assert re.fullmatch(r"cmk_[0-9A-Za-z]{43}", token)
    require_token(token)


def test_tokens_differ() -> None:
    """Two tokens differ."""
    assert new_token(os.urandom) != new_token(os.urandom)


@given(st.integers(0, 46), st.characters(max_codepoint=255))
def test_any_changed_character_is_found(at: int, character: str) -> None:
    """A token with one character changed is unknown without asking the database."""
    token = new_token(bytes)
    changed = token[:at] + character + token[at + 1 :]
    if changed == token:
        require_token(changed)
    else:
        with pytest.raises(UnknownToken):
            require_token(changed)


@pytest.mark.parametrize("token", ["", "cmk_", "Bearer x", "cmk_" + "0" * 43, new_token(bytes) + "0", "é" * 47])
def test_what_is_no_token(token: str) -> None:
    """Other strings are unknown tokens."""
    with pytest.raises(UnknownToken):
        require_token(token)


def test_hash_depends_on_pepper_and_token() -> None:
    """What is stored names the pepper, holds no token, and differs with either."""
    token = new_token(bytes)
    stored = token_hash("p1", b"a" * 32, token)
    assert re.fullmatch(r"p1\$[0-9a-f]{64}", stored)
    assert len({stored, token_hash("p1", b"b" * 32, token), token_hash("p1", b"a" * 32, token + "x")}) == 3


@given(st.integers(0, 62**6 - 1))
def test_base62_is_positional(number: int) -> None:
    """Base 62 of a fixed width is injective: reading it back gives the number."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = 0
    for character in base62(number, 6):
        value = 62 * value + alphabet.index(character)
    assert value == number


def test_checksum_is_crc32() -> None:
    """The checksum is CRC-32 of the body, whose check value over `123456789` is CBF43926."""
    assert checksum("123456789") == base62(0xCBF43926, 6)

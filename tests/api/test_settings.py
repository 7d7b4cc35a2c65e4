"""Settings: the environment is read once, and its secrets are never repeated."""

import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import Settings


def test_the_defaults_need_no_environment():
    """A data directory here, and no key: the key file in it is used."""
    settings = Settings()
    assert settings.data == Path("countermark-data")
    assert settings.kek_bytes is None


@pytest.mark.parametrize("text", [bytes(range(32)).hex(), base64.b64encode(bytes(range(32))).decode()])
def test_a_key_encryption_key_is_base64_or_hexadecimal(text):
    """Both forms give the 32 bytes."""
    assert Settings(kek=text).kek_bytes == bytes(range(32))


@pytest.mark.parametrize("text", ["", "short", "zz" * 32, base64.b64encode(bytes(31)).decode(), "é" * 44])
def test_what_is_no_key_is_refused_without_repeating_it(text):
    """The message says how to make one, and never holds the text."""
    with pytest.raises(ValidationError, match="openssl rand") as caught:
        Settings(kek=text)
    assert not text or text not in str(caught.value)
    assert "SecretStr" not in repr(caught.value)


def test_secrets_do_not_print_themselves():
    """Neither the key, nor the database's password, nor the token is in the representation."""
    key = bytes(range(32)).hex()
    shown = repr(Settings(kek=key, database_url="postgresql+psycopg://u:hush@h/d", token="hush"))
    assert key not in shown
    assert "hush" not in shown

"""The keys that the settings name: key-encryption keys, and the log's own."""

import os
import time

from api.settings import Settings
from registry.keys.base import KeyProvider
from registry.keys.local import LocalKeys, split_keys
from registry.keys.places import open_keys
from registry.keys.remembering import Remembering
from registry.keys.written import OWN
from registry.signing.base import SigningKey
from registry.signing.places import open_signing_key


def keys_of(settings: Settings, *, create: bool = False) -> KeyProvider | None:
    """The keys, None for the registry's own file in the data directory.

    Args:
        settings: name the place, or hold the keys.
        create: make a first key where there is none.

    Raises:
        MalformedValue: no such place.
        StoreError: its subclass says what is wrong with the place.
    """
    if settings.kek_bytes is not None:
        return LocalKeys(split_keys(settings.kek_bytes), os.urandom)
    if settings.keys == OWN:
        return None
    keys = open_keys(settings.keys, data_dir=settings.data, entropy=os.urandom, create=create)
    if settings.keys_seconds == 0:
        return keys
    return Remembering(keys, seconds=settings.keys_seconds, clock=time.monotonic)


def log_key_of(settings: Settings, *, create: bool = False) -> SigningKey | None:
    """The log's own key, None for the registry's file in the data directory.

    Args:
        settings: name the place.
        create: make a key where there is none.

    Raises:
        MalformedValue: no such place.
        StoreError: its subclass says what is wrong with the place.
    """
    return open_signing_key(settings.log_key, data_dir=settings.data, entropy=os.urandom, create=create)

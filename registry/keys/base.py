"""The protocol of a place that holds key-encryption keys.

A provider wraps 32-byte data keys and never shows the key it wraps them under. `context` names the row that the data
key belongs to; what was wrapped for one row does not unwrap for another. To add a place, write one module.
"""

from typing import Protocol


class KeyProvider(Protocol):
    """Wraps and unwraps data keys under key-encryption keys that stay where they are."""

    @property
    def current(self) -> str:
        """Id of the key that new data keys are wrapped under: 1 to 255 ASCII characters."""

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """The data key, wrapped under the current key and bound to the context."""

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key that was wrapped under the key of that id and for that context.

        Raises:
            UnknownKey: this provider does not have that key.
            SealBroken: altered, or wrapped for another context.
        """

"""The protocol of a place that holds key-encryption keys.

A provider wraps 32-byte data keys and never shows the key it wraps them under. `context` names the row that the data
key belongs to; what was wrapped for one row does not unwrap for another. To add a place, write one module and give it
a row in `registry.keys.places`; the conformance suite then runs over it.

A key's id says which version of the key it is: rotating makes a new id, and the old one goes on unwrapping.
"""

from typing import NamedTuple, Protocol


class Wrapped(NamedTuple):
    """A data key, wrapped; which key it is under is said by what wrapped it, whatever has become current since."""

    key_id: str
    data: bytes


class KeyProvider(Protocol):
    """Wraps and unwraps data keys under key-encryption keys that stay where they are."""

    @property
    def current(self) -> str:
        """Id of the key that new data keys are wrapped under: 1 to 255 ASCII characters."""

    @property
    def place(self) -> str:
        """Where the keys are, for people; never a secret."""

    def wrap(self, data_key: bytes, context: bytes) -> Wrapped:
        """The data key, wrapped under the current key, whose id comes with it, and bound to the context."""

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key that was wrapped under the key of that id and for that context.

        Raises:
            UnknownKey: this provider does not have that key.
            SealBroken: altered, or wrapped for another context.
            KeysUnavailable: the place cannot be reached, or refuses.
        """

    def rotate(self) -> str:
        """Make a new current key and return its id; older ones stay, to unwrap. Of several at once, one ends current.

        Raises:
            RotatedElsewhere: this program may not make keys there.
            KeysUnavailable: the place cannot be reached, or refuses.
        """

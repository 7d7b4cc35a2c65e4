"""Requests as values: one that its sender gave a key, and what was answered to it."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

KEPT = timedelta(days=1)
"""How long an answer is kept for whoever sends the request again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request under the key that its sender chose for it.

    Attributes:
        sender: id of whoever sent it: requests of two senders never meet.
        key: the sender's name for it, any text.
        fingerprint: digest of all that was asked for.
    """

    sender: str
    key: str
    fingerprint: str

    @property
    def id(self) -> str:
        """What the registry calls it: a digest of sender and key, 64 hexadecimal digits."""
        sender = self.sender.encode()
        return hashlib.sha256(len(sender).to_bytes(4, "big") + sender + self.key.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a request: which one it was, and the answer's bytes."""

    fingerprint: str
    answer: bytes = field(repr=False)

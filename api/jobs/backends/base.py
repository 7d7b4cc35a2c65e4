"""What a backend does."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from registry.repository.due import Due


class JobBackend(ABC):
    """Has the steps of jobs done, by threads of this process, from `start` until `stop`."""

    @abstractmethod
    def start(self) -> None:
        """Begin."""

    @abstractmethod
    def stop(self) -> None:
        """End, also where nothing was begun: steps under way get some seconds to finish, then their leases go back."""

    @abstractmethod
    def announce(self, due: Due) -> None:
        """A job was opened or is tried again: whoever does steps need not find out by itself. Never raises.

        Works whether this process does steps or not.
        """

    @contextmanager
    def open(self, *, working: bool = True) -> Iterator[Self]:
        """The backend, stopped when the block ends, and meanwhile its steps done by this process if it is to."""
        if working:
            self.start()
        try:
            yield self
        finally:
            self.stop()

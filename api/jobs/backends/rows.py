"""Threads that look for steps that are due in the jobs' own table; needs nothing but the registry's database."""

import threading
import time

from api.jobs.backends.base import JobBackend
from api.jobs.crew import Crew
from api.jobs.stepping import Stepper
from registry.repository.due import Due

POLL = 0.5
"""Seconds between two looks for work where there was none."""


class Rows(JobBackend):
    """A thread for each stepper of a crew.

    Args:
        crew: who does the steps.
        only: the one job whose steps are done; those of all jobs when None.
    """

    def __init__(self, crew: Crew, *, only: Due | None = None) -> None:
        self._crew = crew
        self._only = only
        self._stopping = False
        self._woken = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(stepper,), name="countermark-worker", daemon=True)
            for stepper in crew.steppers
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End: steps under way get some seconds to finish, then their leases are given back."""
        self._stopping = True
        self._woken.set()
        ends = time.monotonic() + self._crew.grace
        for thread, stepper in zip(self._threads, self._crew.steppers, strict=True):
            if thread.ident is not None:
                thread.join(max(0.0, ends - time.monotonic()))
            if thread.is_alive():
                self._crew.give_back(stepper)

    def announce(self, due: Due) -> None:  # noqa: ARG002 - whichever job it is, looking finds it
        """Threads of this process that wait look at once."""
        self._woken.set()

    def _run(self, stepper: Stepper) -> None:
        while not self._stopping:
            self._woken.clear()  # before looking: what is announced from now on is not missed
            if not self._crew.step(stepper, self._only) and not self._stopping:
                self._woken.wait(POLL)

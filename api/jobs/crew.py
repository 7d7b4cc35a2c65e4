"""Steppers for one process, set up alike: how they reach suspects, what they log, where their spans go."""

import os
import secrets
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from api.asker import Asker
from api.jobs.spec import suspect_of
from api.jobs.stepping import Said, Stepper
from api.settings import Settings
from api.tracing import Tracer, traced
from registry.errors import RegistryError
from registry.jobs import Lease
from registry.records import RecordedVerdict
from registry.repository.due import Due
from registry.store import Store


class Crew:
    """As many steppers as the settings have workers.

    Args:
        store: where the jobs are.
        settings: what the operator allows, how many steppers, how long leases last.
        log: told of verdicts and of what nobody foresaw.
        said: told of verdicts besides.
        tracer: where spans go, if anywhere.

    Attributes:
        steppers: each is used by one thread at a time.
        grace: seconds that steps under way get to finish when the process is told to stop.
        log: as above.
    """

    def __init__(
        self, store: Store, settings: Settings, *, log: Any, said: Said | None = None, tracer: Tracer | None = None
    ) -> None:
        self.grace = settings.stop_seconds
        self.log = log
        self._also = said
        self._traced: Callable[[], AbstractContextManager[None]] = partial(traced, tracer)
        asker = Asker(settings=settings)
        name = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(8)}"
        self.steppers = tuple(
            Stepper(
                store,
                lambda lease: suspect_of(asker, lease, partial(_file, store, lease)),
                owner=f"{name}:{number}",
                seconds=settings.lease_seconds,
                said=self._said,
            )
            for number in range(settings.workers)
        )

    def step(self, stepper: Stepper, only: Due | None = None) -> bool:
        """Have a stepper do a step that is due, of one job if one is meant; False if none is, or if it broke down."""
        with self._traced():
            try:
                return stepper.step(only)
            except Exception as error:
                self.log.exception("step", exc_info=error)
                return False

    def give_back(self, stepper: Stepper) -> None:
        """Have a stepper let go of the step that it is about; where that fails, the lease expires by itself."""
        try:
            stepper.give_back()
        except RegistryError as error:
            self.log.warning("step", exc_info=error)

    def _said(self, lease: Lease, recorded: RecordedVerdict) -> None:
        """Every verdict is logged: whoever uses the service as an oracle leaves a trail."""
        self.log.info(
            "verdict",
            case=lease.case_id,
            job=lease.job_id,
            kind=recorded.verdict.kind,
            entry=recorded.entry_index,
            tenant=lease.tenant,
        )
        if self._also is not None:
            self._also(lease, recorded)


def _file(store: Store, lease: Lease) -> bytes:
    """The uploaded model of a lease's job."""
    with store.reading() as registry:
        return registry.leases.file(lease)

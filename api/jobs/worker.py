"""Threads that do the steps of jobs until they are told to stop; in the service, or as `countermark worker`."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from api.asker import Asker
from api.jobs.spec import suspect_of
from api.jobs.stepping import Said, Stepper
from api.settings import Settings
from api.tracing import Tracer, traced
from registry.jobs import Lease
from registry.records import RecordedVerdict
from registry.repository.due import Due
from registry.store import Store

POLL = 0.5
"""Seconds between two looks for work where there was none."""


class Worker:
    """A number of threads, each a `Stepper` of its own.

    Args:
        store: where the jobs are.
        settings: what the operator allows, how many threads, how long leases last.
        log: told of verdicts and of what nobody foresaw.
        said: told of verdicts besides.
        only: the one job whose steps are done; those of all jobs when None.
        tracer: where spans go, if anywhere.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        log: Any,
        said: Said | None = None,
        only: Due | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._tracer = tracer
        self._log = log
        self._also = said
        self._stopping = threading.Event()
        self._grace = settings.stop_seconds
        asker = Asker(settings=settings)
        name = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(8)}"
        self._steppers = [
            Stepper(
                store,
                lambda lease: suspect_of(asker, lease, partial(_file, store, lease)),
                owner=f"{name}:{number}",
                seconds=settings.lease_seconds,
                said=self._said,
                only=only,
            )
            for number in range(settings.workers)
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(stepper.step,), name="countermark-worker", daemon=True)
            for stepper in self._steppers
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End: steps under way get some seconds to finish, then their leases are given back."""
        self._stopping.set()
        ends = time.monotonic() + self._grace
        for thread, stepper in zip(self._threads, self._steppers, strict=True):
            if thread.ident is not None:
                thread.join(max(0.0, ends - time.monotonic()))
            if thread.is_alive():
                stepper.give_back()

    def _run(self, step: Callable[[], bool]) -> None:
        with traced(self._tracer):
            while not self._stopping.is_set():
                try:
                    worked = step()
                except Exception as error:  # noqa: BLE001 - the thread outlives whatever a step may raise
                    self._log.error("step", exc_info=error)
                    worked = False
                if not worked:
                    self._stopping.wait(POLL)

    def _said(self, lease: Lease, recorded: RecordedVerdict) -> None:
        """Every verdict is logged: whoever uses the service as an oracle leaves a trail."""
        self._log.info(
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

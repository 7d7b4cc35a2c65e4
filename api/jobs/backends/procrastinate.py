"""Procrastinate on PostgreSQL: workers on any number of machines are told of work at once, and of nothing twice.

A task of the queue carries a job's id and nothing else, and stands for "its next step may be begun". Whoever takes it
does that step under a lease, as `api.jobs.stepping` has it, then queues the job again if there is another.

| what happens | what becomes of it |
|---|---|
| a job is queued twice, or by two | one task waits; of two that run the second finds the step leased, and ends |
| a step is to be tried again after a pause | its task is not due before |
| a kill between registry and queue, or amid a step | who sweeps finds that the job is due, and queues it |
| several sweep at once | they find the same, and it is queued or forgotten once |
| the queue is emptied, or its tables made anew | the same |
| the database goes away | steps end as they do anyway; the queue is opened again when it is back |

So the queue decides when something is done and where, never whether or how often: that is the lease's.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, ProcrastinateException
from procrastinate.jobs import JobDeferrer, Status

from api.jobs.backends.base import JobBackend
from api.jobs.backends.queue_schema import SCHEMA, conninfo, require
from api.jobs.crew import Crew
from api.jobs.stepping import Stepper
from registry.errors import RegistryError
from registry.jobs import OPEN, Job
from registry.repository.due import Due
from registry.store import Store

Value = TypeVar("Value")
TASK = "countermark.step"
_MOST = 100  # jobs that a sweep looks at; those behind them come when these have gone on
_POLL = 1.0  # seconds between two looks for tasks whose pause is over; all others are told of
_AGAIN, _CLOSING = 1.0, 5.0
_WAITING = "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%(locks)s)"


class Procrastinate(JobBackend):
    """A worker of the queue that does as many steps at once as its crew has steppers.

    Args:
        store: where the jobs are.
        crew: who does the steps.
        url: the registry's database, which holds the queue.
        seconds: how long leases last; three times as often it is swept.

    Raises:
        JobsUnusable: the queue's tables are not there.
    """

    def __init__(self, store: Store, crew: Crew, *, url: str, seconds: float) -> None:
        require(url)
        self._store = store
        self._crew = crew
        self._free = list(crew.steppers)
        self._seconds = seconds
        self._pool: dict[str, Any] = {
            "conninfo": conninfo(url),
            "kwargs": {"options": f"-c search_path={SCHEMA}"},
            "min_size": 1,
        }
        self._announcing = App(connector=SyncPsycopgConnector(**self._pool, max_size=2))
        self._announcing.open()
        self._loop = asyncio.new_event_loop()
        self._told = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="countermark-queue", daemon=True)

    def start(self) -> None:
        """Begin, if there is anybody to do steps."""
        if self._free:
            self._thread.start()

    def stop(self) -> None:
        """End: steps under way get some seconds to finish, then their leases are given back."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._told.set)
            self._thread.join(self._crew.grace + _CLOSING)
        if not self._thread.is_alive():
            self._loop.close()
        self._announcing.close()

    def announce(self, due: Due) -> None:
        """Queue the job; where the queue cannot be reached a worker's sweep finds the job later."""
        try:
            _task(self._announcing, due).defer(tenant=due.tenant, job=due.job_id)
        except AlreadyEnqueued:
            return
        except ProcrastinateException as error:
            self._crew.log.warning("queue", job=due.job_id, exc_info=error)

    def _run(self) -> None:
        self._loop.run_until_complete(self._working())

    async def _working(self) -> None:
        """Work until told to stop, whatever becomes of the database's connections."""
        while not self._told.is_set():
            try:
                await self._work()
            except Exception as error:
                self._crew.log.exception("queue", exc_info=error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), _AGAIN)

    async def _work(self) -> None:
        """A worker of the queue, its sweep beside it, until told to stop or until one of them fails."""
        app = App(connector=PsycopgConnector(**self._pool, max_size=len(self._crew.steppers) + 2))

        @app.task(name=TASK)
        async def step(*, tenant: str, job: str) -> None:
            await self._step(app, Due(tenant, job))

        async with app.open_async():
            working = [self._worker(app), self._sweeping(app), self._told.wait()]
            tasks = [asyncio.ensure_future(each) for each in working]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in done:
            task.result()

    async def _worker(self, app: App) -> None:
        while not self._free:  # noqa: ASYNC110 - threads, with steps begun before the database went away, fill it
            await asyncio.sleep(_AGAIN)
        await app.run_worker_async(
            concurrency=len(self._free),
            install_signal_handlers=False,
            shutdown_graceful_timeout=self._crew.grace,
            fetch_job_polling_interval=_POLL,
            update_heartbeat_interval=self._seconds / 3,
            stalled_worker_timeout=self._seconds,
            delete_jobs="always",
        )

    async def _step(self, app: App, due: Due) -> None:
        """Do the next step of a job, and queue the job again if there is another."""
        stepper = self._free.pop()
        try:
            worked = await _in_thread(lambda: self._stepped(stepper, due))
        except asyncio.CancelledError:  # told to stop, and the step takes longer than it may
            self._crew.give_back(stepper)
            await self._queue_next(app, due, worked=True)
            raise
        await self._queue_next(app, due, worked=worked)

    def _stepped(self, stepper: Stepper, due: Due) -> bool:
        try:
            return self._crew.step(stepper, due)
        finally:
            self._free.append(stepper)

    async def _queue_next(self, app: App, due: Due, *, worked: bool) -> None:
        """Queue the job if its next step is to be done, now or later; not while another's lease has not expired."""
        try:
            job, now = await _in_thread(lambda: self._job(due)), datetime.now(UTC)
            if job.state in OPEN and (worked or job.not_before > now):
                later = job.not_before if job.not_before > now else None
                await _queue(app, Due(due.tenant, due.job_id, job.priority), later=later)
        except (RegistryError, ProcrastinateException) as error:
            self._crew.log.warning("queue", job=due.job_id, exc_info=error)

    def _job(self, due: Due) -> Job:
        with self._store.reading() as registry:
            return registry.job(due.tenant, due.job_id)

    async def _sweeping(self, app: App) -> None:
        """Again and again: queue the jobs that are due and do not wait in the queue; forget what killed workers had."""
        while True:
            due = await _in_thread(self._due)
            waiting = await app.connector.execute_query_all_async(_WAITING, locks=[each.job_id for each in due])
            known = {row["queueing_lock"] for row in waiting}
            for each in due:
                if each.job_id not in known:
                    await _queue(app, each)
            for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self._seconds):
                with suppress(ConnectorException):  # another who sweeps has forgotten it meanwhile
                    await app.job_manager.finish_job(stalled, status=Status.FAILED, delete_job=True)
            await asyncio.sleep(self._seconds / 3)

    def _due(self) -> list[Due]:
        with self._store.reading() as registry:
            return registry.leases.all_due(_MOST)


def _task(app: App, due: Due, later: datetime | None = None) -> JobDeferrer:
    """What is queued for a job; only one of these waits at a time."""
    return app.configure_task(TASK, queueing_lock=due.job_id, priority=due.priority, schedule_at=later)


async def _queue(app: App, due: Due, *, later: datetime | None = None) -> None:
    with suppress(AlreadyEnqueued):
        await _task(app, due, later).defer_async(tenant=due.tenant, job=due.job_id)


async def _in_thread(work: Callable[[], Value]) -> Value:
    """What the work gives, done in a thread that its process, unlike for executors' threads, does not wait for."""
    future = Future[Value]()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised by whoever awaits it
            future.set_exception(error)

    threading.Thread(target=run, name="countermark-step", daemon=True).start()
    return await asyncio.wrap_future(future)

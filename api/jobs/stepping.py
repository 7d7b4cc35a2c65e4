"""One step of a job, from lease to answer: a numbered recipe.

| step | what | killed here |
|---|---|---|
| 1 | the lease is written down | the step is free again when the lease expires; nothing was asked |
| 2 | the suspect is asked, or the answers so far are looked at; the lease is kept meanwhile | the same; asked again |
| 3 | answers and exchange are stored, or verdict and log entry, and the step is done, in one unit | as 2, or done |

So a probe is asked twice only if its answer was lost between 2 and 3: at most one step for each kill.

| what a step meets | what becomes of it |
|---|---|
| no answer, or an error that nobody foresaw | tried again after 2, 4, 8, 16 s; at the fifth in a row the job fails |
| what asking again cannot mend | the job fails at once |
| the lease is another's by now, or the job was cancelled | what was learnt is dropped |
| its process is told to end | the lease is given back |
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.detect import kind_of
from api.suspects.endpoint import rows
from api.suspects.errors import AnswersError, AnswerUnusable, ModelError, SuspectError, SuspectUnreachable
from api.suspects.suspect import Suspect
from api.tracing import span, step
from fingerprint.errors import FingerprintError
from fingerprint.statistics import Look
from registry.errors import CaseDecided, LeaseLost, LooksTaken, NotFound, RegistryError
from registry.jobs import Lease
from registry.records import RecordedVerdict
from registry.repository.due import Due
from registry.store import Store
from registry.usecases.leases import Leases
from registry.verification import settle, weigh

Open = Callable[[Lease], Suspect]
Said = Callable[[Lease, RecordedVerdict], None]
_USELESS = (SuspectError, ModelError, AnswersError, FingerprintError, CaseDecided, LooksTaken, NotFound)
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0


class Stepper:
    """Does steps of jobs, one after another, in one thread.

    Args:
        store: where the jobs are.
        open_suspect: reaches a lease's suspect.
        owner: who this is; no other stepper has the same name.
        seconds: how long a lease lasts unless it is kept; it is kept as long as the step lasts.
        said: told of every verdict.
    """

    def __init__(self, store: Store, open_suspect: Open, *, owner: str, seconds: float, said: Said) -> None:
        self._store = store
        self._open = open_suspect
        self._owner = owner
        self._seconds = seconds
        self._said = said
        self._probes: tuple[tuple[str, str], NDArray[np.float32]] | None = None
        self._held: Lease | None = None
        self._put = False

    def step(self, only: Due | None = None) -> bool:
        """Do a step that is due, of one job if one is meant; False if none is.

        An error that nobody foresaw is raised once the step is put off.
        """
        with self._store.reading() as registry:
            if registry.leases.due(only) is None:
                return False
        with self._store.unit() as registry:  # 1.
            lease = registry.leases.take(self._owner, self._seconds, only)
        if lease is not None:
            what = "look" if lease.looks else "ask"
            about: dict[str, str] = {"tenant": lease.tenant, "case": lease.case_id, "job": lease.job_id}
            probes = lease.stop - lease.start
            with self._keeping(lease), span(f"job {what}", **about, step=lease.seq, probes=probes):
                self._do(lease)
        return True

    def give_back(self) -> None:
        """Let go of the step under way, if any: from another thread, when this one must not be waited for."""
        lease = self._held
        if lease is not None:
            self._try(lambda leases: leases.give_back(lease))

    def _do(self, lease: Lease) -> None:
        self._put = False
        try:
            self._look(lease) if lease.looks else self._ask(lease)
        except LeaseLost:
            return  # another worker has the step now, or the job was cancelled: what was learnt is dropped
        except SuspectUnreachable as error:
            self._postpone(lease, str(error))
        except _USELESS as error:
            reason = str(error)
            self._try(lambda leases: leases.fail(lease, reason))
        except Exception as error:
            self._postpone(lease, f"{_named(lease)} broke down: {_said_of(error)}")
            raise  # for the log
        except BaseException:
            unasked = not self._put
            self._try(lambda leases: leases.give_back(lease, unasked=unasked))
            raise

    def _ask(self, lease: Lease) -> None:
        batch = self._batch(lease)
        suspect = self._open(lease)
        try:
            self._put = True
            reply = suspect.ask(batch)  # 2.
        finally:
            suspect.close()
        fields = {"start": lease.start, "answers": reply.answers.tolist(), "exchange": reply.exchange}
        line = json.dumps(fields, separators=(",", ":")).encode()
        self._change(lambda leases: leases.answer(lease, line))  # 3.

    def _look(self, lease: Lease) -> None:
        with self._store.reading() as registry:
            answers = _joined(registry.leases.answers(lease))
            plan = registry.leases.plan(lease.tenant, lease.case_id)
            look: Look | None = None
            if plan is not None:
                look = next(each for each in plan.looks if each.probes == lease.stop)
            kind = lease.kind or str(kind_of(answers))
            weighed = weigh(
                registry,
                lease.tenant,
                lease.case_id,
                kind=kind,
                answers=answers,
                look=look,
                job=lease.job_id,
                step=step,
            )
        if not weighed.verdict.named and not lease.last:
            self._change(lambda leases: leases.undecided(lease, kind=kind))
            return
        with step("record"), self._store.unit() as registry:  # 3.
            recorded = settle(registry, weighed)
            registry.leases.decided(lease, kind=kind)
        self._said(lease, recorded)
        self._store.remove_job_files(lease.tenant)

    def _batch(self, lease: Lease) -> NDArray[np.float32]:
        """The probes of a step; those of the last case's release are kept, for opening a pack takes its time."""
        with self._store.reading() as registry:
            known = (lease.tenant, registry.case(lease.tenant, lease.case_id).release)
            if self._probes is None or self._probes[0] != known:
                self._probes = (known, registry.pack(*known).probes)
        return self._probes[1][lease.start : lease.stop]

    def _postpone(self, lease: Lease, reason: str) -> None:
        """Have the step tried again after a pause, doubled each time."""
        with self._store.reading() as registry:
            failures = registry.job(lease.tenant, lease.job_id).failures
        pause, unasked = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**failures), not self._put
        self._try(lambda leases: leases.postpone(lease, reason, pause, unasked=unasked))

    def _change(self, change: Callable[[Leases], object]) -> None:
        with self._store.unit() as registry:
            change(registry.leases)

    def _try(self, change: Callable[[Leases], object]) -> None:
        """Make a change, unless the step is somebody else's by now."""
        with suppress(LeaseLost):
            self._change(change)

    @contextmanager
    def _keeping(self, lease: Lease) -> Iterator[None]:
        """Put off the lease's expiry as long as the step lasts, in a thread of its own."""
        ended = threading.Event()
        thread = threading.Thread(target=self._keep, args=(lease, ended), daemon=True)
        self._held = lease
        thread.start()
        try:
            yield
        finally:
            self._held = None
            ended.set()
            thread.join()

    def _keep(self, lease: Lease, ended: threading.Event) -> None:
        while not ended.wait(self._seconds / 3):
            try:
                self._change(lambda leases: leases.keep(lease, self._seconds))
            except LeaseLost:
                return
            except Exception:  # noqa: BLE001, S112 - the step's own change says what is wrong, if it still is then
                continue  # a database that does not answer may do so again before the lease expires


def _named(lease: Lease) -> str:
    """A step, for people."""
    if lease.looks:
        return f"step {lease.seq} (the look after {lease.stop} probes)"
    return f"step {lease.seq} (probes {lease.start} to {lease.stop - 1})"


def _said_of(error: Exception) -> str:
    """An error, for a tenant: the text of one that is not the registry's own is for the operator alone."""
    text = str(error) if isinstance(error, RegistryError) else "the worker's log says more"
    return f"{type(error).__name__}: {text}"


def _joined(lines: list[bytes]) -> NDArray[Any]:
    """All answers, one row for each probe.

    Raises:
        AnswerUnusable: they do not have one shape.
    """
    parts = [json.loads(line)["answers"] for line in lines]
    arrays = [rows(part, len(part), "the suspect's answer") for part in parts]
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) != 1:
        raise AnswerUnusable(f"answers of the shapes {sorted(shapes)}, one after another; is it one model?")
    return np.concatenate(arrays)

"""One row: jobs about many cases while the service, or its worker, is killed again and again at random moments.

1. Every suspect is asked once with nobody killed: its verdict is what all later ones must be, bit for bit.
2. A few jobs are open at all times. The process is killed at a random moment: most times after it asked something
   again, so that there is progress, and one time in four whatever it has come to, its start included.
3. After the last kill everything is left to end, and counted: `benchmarks.resume.counting`.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import TypeVar

from api.client import Client
from benchmarks.resume.endpoint import Endpoint, answering
from benchmarks.resume.processes import Place, Victim, free_port, service_of, worker_of
from benchmarks.resume.world import Suspect, World

Value = TypeVar("Value")
SERVICE, WORKER = "service", "worker"
THREADS = 2  # that do steps: so many may be under way when the process is killed
OPEN, BATCH = 3, 8
_MOMENT = 0.6  # seconds, the latest of a kill
_PATIENCE = 60.0
_ENDED = {"done", "failed", "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Killing:
    """What is killed, the service or a worker beside it, how often, and how many probes a step of the jobs has."""

    what: str
    kills: int
    batch: int = BATCH


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case with its job, which asks a suspect at a place of the endpoint."""

    id: str
    job: str
    place: str
    suspect: Suspect


@dataclass(kw_only=True)
class Run:
    """What happens to one registry.

    Attributes:
        kills: how many there were.
        recoveries: seconds from a kill to the next batch that was asked.
        cases: about which jobs were opened, in order; `expected`: verdict of each suspect when nobody is killed.
    """

    client: Client
    endpoint: Endpoint
    suspects: tuple[Suspect, ...]
    batch: int
    numbers: Iterator[int] = field(default_factory=count)
    kills: int = 0
    recoveries: list[float] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    expected: dict[str, str] = field(default_factory=dict)

    def open(self, suspect: Suspect) -> Case:
        """A case with a job about it."""
        place = f"case-{next(self.numbers)}"
        case = self.client.open_case(suspect.release, suspect=suspect.name)
        job = self.client.open_job(case.id, self.endpoint.put(place, suspect), batch=self.batch)
        return Case(id=case.id, job=job.id, place=place, suspect=suspect)

    def unkilled(self) -> None:
        """Step 1."""
        cases = [self.open(suspect) for suspect in self.suspects]
        self.await_end(cases)
        self.expected = {case.suspect.name: self.client.verdict(case.id).verdict_digest for case in cases}

    def await_end(self, cases: list[Case]) -> None:
        """Wait until the jobs ended, or did nothing for a minute."""
        asked, since = -1, time.monotonic()
        while any(self.client.job(case.job).state not in _ENDED for case in cases):
            if len(self.endpoint.asked) != asked:
                asked, since = len(self.endpoint.asked), time.monotonic()
            if time.monotonic() - since > _PATIENCE:
                return
            time.sleep(0.1)

    def top_up(self, suspects: Iterator[Suspect]) -> None:
        """Open jobs until there are a few."""
        going = sum(self.client.job(case.job).state not in _ENDED for case in self.cases[-2 * OPEN :])
        self.cases += [self.open(next(suspects)) for _ in range(OPEN - going)]


def killed(place: Place, world: World, how: Killing, *, then: Callable[[Run], Value]) -> Value:
    """Steps 1 to 3; what is counted while the service still answers."""
    draw = random.Random(f"benchmarks/resume/{place.database}/{place.backend}/{how.what}")  # noqa: S311 - no secret
    with (
        answering() as endpoint,
        Client(place.address, token=world.token) as client,
        _started(place, how.what) as victim,
    ):
        run = Run(client=client, endpoint=endpoint, suspects=world.suspects, batch=how.batch)
        run.unkilled()
        suspects = cycle(world.suspects)
        while run.kills < how.kills:
            run.top_up(suspects)
            _kill(run, victim, draw)
        run.await_end(run.cases)
        return then(run)


def _kill(run: Run, victim: Victim, draw: random.Random) -> None:
    """Step 2, and the next start."""
    if draw.random() < 0.75:
        run.endpoint.wait(beyond=len(run.endpoint.asked), seconds=_PATIENCE)
    time.sleep(draw.uniform(0, _MOMENT))
    victim.kill()
    at = time.monotonic()
    run.endpoint.drained(_PATIENCE)
    run.kills += 1
    run.endpoint.epoch, before = run.kills, len(run.endpoint.asked)
    victim.start()
    victim.await_ready()
    if run.endpoint.wait(beyond=before, seconds=_PATIENCE):
        run.recoveries.append(run.endpoint.asked[before].at - at)


@contextmanager
def _started(place: Place, what: str) -> Iterator[Victim]:
    """The service, with threads of its own or with a worker beside it: whichever is to be killed."""
    service = service_of(place, workers=THREADS if what == SERVICE else 0)
    worker = worker_of(place, workers=THREADS)
    processes = [service] if what == SERVICE else [service, worker]
    try:
        for process in processes:
            process.start()
            process.await_ready()
        yield processes[-1]
    finally:
        for process in processes:
            process.kill()


def place_in(directory: Path, url: str | None, backend: str) -> Place:
    """A place of one's own."""
    return Place(data=directory / "data", url=url, backend=backend, port=free_port())

"""A registry on some database, suspects behind an address on this machine, and a backend of jobs between them."""

import io
import ipaddress
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Self

from api.asker import Asker
from api.jobs.backends.base import JobBackend
from api.jobs.backends.catalogue import backend_of
from api.jobs.crew import Crew
from api.jobs.spec import new_job
from api.settings import Settings
from api.telemetry import logger
from benchmarks.resume.endpoint import Endpoint, Probe
from benchmarks.resume.world import TENANT, Suspect
from registry.jobs import OPEN, Job
from registry.repository.due import Due
from registry.store import Store, open_registry
from tests.patience import PATIENCE, comes, until

_NUMBERS = count()
SOON = 0.6
"""Seconds of a lease whose end is waited for; any other lasts longer than a test, however the machine stalls."""


class Suspects(Endpoint):
    """Suspects behind an address that count what they are asked, and can be made to wait with an answer."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, tuple[threading.Event, threading.Event]] = {}

    def note(self, place: str, probes: tuple[Probe, ...]) -> None:
        """A batch came; it is answered when it may be."""
        super().note(place, probes)
        if place in self._held:
            came, free = self._held[place]
            came.set()
            comes(free)

    @contextmanager
    def held(self, place: str) -> Iterator[threading.Event]:
        """Answer nothing at a place until the block ends; the event says that something was asked."""
        self._held[place] = threading.Event(), threading.Event()
        yield self._held[place][0]
        self.free(place)

    def free(self, place: str) -> None:
        """Answer at a place from now on."""
        if place in self._held:
            self._held.pop(place)[1].set()


@dataclass(kw_only=True)
class Site:
    """One backend at one database.

    Attributes:
        log: what was logged.
    """

    backend: str
    data: Path
    url: str | None
    store: Store
    suspects: tuple[Suspect, ...]
    endpoint: Suspects
    log: io.StringIO = field(default_factory=io.StringIO)

    def settings(self, **changed: Any) -> Settings:
        """What the operator allows."""
        networks = (ipaddress.ip_network("127.0.0.0/8"),)
        times = {"lease_seconds": 1800.0, "answer_seconds": PATIENCE}
        given = {"ask_endpoints": True, "allow_networks": networks, **times, **changed}
        return Settings(data=self.data, database_url=self.url, jobs=self.backend, **given)

    @contextmanager
    def working(self, *, start: bool = True, **changed: Any) -> Iterator[JobBackend]:
        """The backend of a process with these settings, until the block ends."""
        settings = self.settings(**changed)
        crew = Crew(self.store, settings, log=logger(self.log))
        with backend_of(self.store, settings, crew).open(working=start) as backend:
            yield backend

    @contextmanager
    def at(self, url: str) -> Iterator[Self]:
        """The same registry, reached as another role."""
        with open_registry(self.data, database_url=url) as store:
            yield replace(self, url=url, store=store)

    def opened(self, suspect: int = 0, *, batch: int = 200, priority: int = 0) -> "Opened":
        """A case with a job, which nobody was told of."""
        place, about = f"place-{next(_NUMBERS)}", self.suspects[suspect]
        asker = Asker(settings=self.settings())
        described = self.endpoint.put(place, about)
        new = new_job(asker, described, token=None, kind=None, batch=batch, priority=priority, budget=None)
        with self.store.unit() as registry:
            tenant = registry.tenant(TENANT).id
            job = registry.open_job(tenant, registry.open_case(tenant, about.release, suspect=about.name).id, new)
        return Opened(site=self, place=place, due=Due(tenant, job.id, priority))


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A job that was opened at a site."""

    site: Site
    place: str
    due: Due

    @property
    def job(self) -> Job:
        """As it stands."""
        with self.site.store.reading() as registry:
            return registry.job(self.due.tenant, self.due.job_id)

    @property
    def asked(self) -> list[int]:
        """How often each probe was asked."""
        return [len(times) for times in self.site.endpoint.times(self.place).values()]

    def ended(self) -> Job:
        """The job, once it has ended."""
        until(lambda: self.job.state not in OPEN)
        return self.job

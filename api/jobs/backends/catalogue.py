"""The backends of jobs by name; what one of them needs is loaded only where it is chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from api.jobs.backends.base import JobBackend
from api.jobs.backends.rows import Rows
from api.jobs.crew import Crew
from api.jobs.errors import JobsUnusable
from api.settings import Settings
from registry.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A backend, and what it needs of the database beside the registry's tables: nothing unless said.

    Attributes:
        backend: made for a process.
        prepare: makes what it needs, as the owner of its tables.
        grant: gives the service's role what it needs; the rights by table.
    """

    backend: Callable[[Store, Settings, Crew], JobBackend]
    prepare: Callable[[Settings], None] = lambda _: None
    grant: Callable[[Settings, str], dict[str, str]] = lambda _settings, _role: {}


def _queue(store: Store, settings: Settings, crew: Crew) -> JobBackend:
    made: JobBackend = _loaded("procrastinate").Procrastinate(
        store, crew, url=settings.url, seconds=settings.lease_seconds
    )
    return made


def _prepare_queue(settings: Settings) -> None:
    _loaded("queue_schema").prepare(settings.url)


def _grant_queue(settings: Settings, role: str) -> dict[str, str]:
    rights: dict[str, str] = _loaded("queue_schema").grant(settings.url, role)
    return rights


def _loaded(name: str) -> Any:
    try:
        return import_module(f"api.jobs.backends.{name}")
    except ModuleNotFoundError as error:
        raise JobsUnusable(f"{error.name} is not installed; install countermark[cluster]") from error


KINDS: dict[str, Kind] = {
    "rows": Kind(backend=lambda _store, _settings, crew: Rows(crew)),
    "procrastinate": Kind(backend=_queue, prepare=_prepare_queue, grant=_grant_queue),
}


def backend_of(store: Store, settings: Settings, crew: Crew) -> JobBackend:
    """The backend that the settings name.

    Raises:
        JobsUnusable: it cannot be used here.
    """
    return KINDS[settings.jobs].backend(store, settings, crew)


def prepare(settings: Settings) -> None:
    """Make what the backend needs in the database, as the owner of its tables.

    Raises:
        JobsUnusable: the backend cannot be used here.
    """
    KINDS[settings.jobs].prepare(settings)


def grant(settings: Settings, role: str) -> dict[str, str]:
    """Give the service's role what the backend needs of the database; the rights by table.

    Raises:
        JobsUnusable: the backend cannot be used here.
    """
    return KINDS[settings.jobs].grant(settings, role)

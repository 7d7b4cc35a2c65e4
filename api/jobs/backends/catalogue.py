"""The backends of jobs by name; what one of them needs is loaded only where it is chosen."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from api.jobs.backends.base import JobBackend
from api.jobs.backends.rows import Rows
from api.jobs.crew import Crew
from api.jobs.errors import JobsUnusable
from api.settings import Settings
from registry.store import Store


def _rows(_store: Store, _settings: Settings, crew: Crew) -> JobBackend:
    return Rows(crew)


def _procrastinate(store: Store, settings: Settings, crew: Crew) -> JobBackend:
    queue = _loaded("procrastinate")
    backend: JobBackend = queue.Procrastinate(store, crew, url=settings.url, seconds=settings.lease_seconds)
    return backend


BACKENDS: dict[str, Callable[[Store, Settings, Crew], JobBackend]] = {"rows": _rows, "procrastinate": _procrastinate}


def _loaded(name: str) -> Any:
    try:
        return import_module(f"api.jobs.backends.{name}")
    except ModuleNotFoundError as error:
        raise JobsUnusable(f"{error.name} is not installed; install countermark[cluster]") from error


def backend_of(store: Store, settings: Settings, crew: Crew) -> JobBackend:
    """The backend that the settings name.

    Raises:
        JobsUnusable: it cannot be used here.
    """
    return BACKENDS[settings.jobs](store, settings, crew)


def prepare(settings: Settings) -> None:
    """Make what the backend needs in the database, as the owner of its tables.

    Raises:
        JobsUnusable: the backend cannot be used here.
    """
    if settings.jobs == "procrastinate":
        _loaded("queue_schema").prepare(settings.url)


def grant(settings: Settings, role: str) -> dict[str, str]:
    """Give the service's role what the backend needs of the database; the rights by table.

    Raises:
        JobsUnusable: the backend cannot be used here.
    """
    if settings.jobs != "procrastinate":
        return {}
    rights: dict[str, str] = _loaded("queue_schema").grant(settings.url, role)
    return rights

"""The composition root: settings in, an application out. Importing this loads no torch."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from importlib import import_module
from importlib.metadata import version
from typing import Any, TextIO

from fastapi import FastAPI
from starlette.datastructures import State

from api import errors, openapi
from api.configured_tracing import tracer_of
from api.gate import Gate, InFlight
from api.idempotency import Ending, Running
from api.jobs.backends.catalogue import backend_of
from api.jobs.crew import Crew
from api.jobs.stepping import Said
from api.keys import keys_of, log_key_of
from api.limits import BodyLimit
from api.oidc.errors import OidcUnusable
from api.request_ids import RequestIds
from api.routes import (
    api_keys,
    cases,
    copies,
    devices,
    health,
    holds,
    jobs,
    possession,
    problems,
    releases,
    suspects,
    tlog,
)
from api.routes import log as log_routes
from api.settings import Settings
from api.telemetry import Metrics, Telemetry, logger
from api.throttle import Throttle
from api.tracing import Tracer
from api.witnessing import Witnessing
from registry.jobs import Lease
from registry.log.policy import Policy
from registry.records import RecordedVerdict
from registry.store import Store, open_registry

DESCRIPTION = """
Fingerprint a model before release, remember who got which copy, and tell whose copy a suspect came from.

**An investigator** opens a case, fetches its probes, puts them to the suspect, sends back the answers, and gets the
verdict: every device's score with a valid bound on the probability of a false accusation, what it does not prove, and
the proof that the verdict stands in an append-only log.

**A release engineer** enrols devices, commits releases and issues copies. **An auditor** reads lists and the log.

Every request needs `Authorization: Bearer TOKEN`: an API key, or a token of the operator's identity provider. Errors
are problem documents (RFC 9457) with a `way_out`.
"""
_UPLOADS = re.compile(r"/v1/(releases|cases/[^/]+/(outputs|model|jobs/model))")
_ROUTERS = (
    devices, possession, releases, copies, cases, suspects, jobs, log_routes, tlog, holds, api_keys, problems, health,
)  # fmt: skip


def create_app(settings: Settings, *, stream: TextIO | None = None, tracer: Tracer | None = None) -> FastAPI:
    """The HTTP service over the registry in `settings.data`; the registry is opened when the service starts.

    Args:
        settings: all that the environment decides.
        stream: where the log's lines go; nowhere if left out.
        tracer: where spans go; else what the environment says.

    Raises:
        OidcUnusable: an identity provider is named, and its audience or its library is missing.
        TracingUnusable: an exporter of traces is named that is not installed.

    Raises (at start):
        JobsUnusable: the backend of jobs that is named cannot be used here.
        StoreMissing: the data directory was not initialised.
        KeyFileUnsafe: a key file that others can read.
        UnknownKey, SealBroken, KeysUnavailable: the log's signing keys cannot be opened.
        MalformedPolicy: a policy of witnesses with a line out of form.
    """
    tracing = tracer or tracer_of(settings)
    metrics, log = Metrics(), logger(stream)
    app = FastAPI(
        title="Countermark",
        version=version("countermark"),
        summary="Whose copy is it?",
        description=DESCRIPTION,
        lifespan=_lifespan(settings, log, metrics, tracing),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.log, app.state.metrics = log, metrics
    _know(app.state, settings)
    for module in _ROUTERS:
        app.include_router(module.router)
    errors.install(app)
    openapi.install(app, issuer=settings.oidc_issuer)
    app.add_middleware(Ending, running=app.state.running)
    app.add_middleware(BodyLimit, limit_of=lambda path: _limit(settings, path))
    app.add_middleware(InFlight, most=settings.max_requests)
    app.add_middleware(Telemetry, log=log, metrics=metrics, tracer=tracing)
    app.add_middleware(RequestIds)  # the outermost: every answer has an id, refusals included
    return app


def _lifespan(
    settings: Settings, log: Any, metrics: Metrics, tracing: Tracer | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What is open while the service runs: the registry, its workers, its witnesses, the exporter of traces."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        keys, log_key = keys_of(settings), log_key_of(settings)
        with open_registry(settings.data, keys=keys, log_key=log_key, database_url=settings.url) as store:
            app.state.store = store
            store.remove_left_job_files()
            crew = Crew(store, settings, log=log, said=_counting(metrics), tracer=tracing)
            working = settings.ask_endpoints or settings.run_models
            with (
                backend_of(store, settings, crew).open(working=working) as app.state.jobs,
                _witnessed(store, settings, log, metrics),
            ):
                yield
        if tracing is not None:
            tracing.close()

    return lifespan


def _know(state: State, settings: Settings) -> None:
    """What routes and dependencies look up, beside the log, the metrics and what is open."""
    state.settings = settings
    state.stopping = lambda: False  # whoever runs the application knows better
    state.oidc = _provider(settings)
    state.gate = Gate(admitted=settings.max_verifications, weighing=settings.weighing)
    state.asking = Gate(admitted=settings.asking, weighing=settings.asking)
    rates = {"calls": settings.rate_calls, "verdicts": settings.rate_verdicts}
    rates |= {"tries": settings.rate_tries, "cases": settings.rate_cases}
    state.throttle = Throttle.of(settings.rate_store, rates, state.metrics)
    state.routes = [route for module in _ROUTERS for route in module.router.routes]
    state.running = Running()


def _provider(settings: Settings) -> Any:
    """The identity provider, where the operator names one; its library is loaded only then."""
    if settings.oidc_issuer is None:
        return None
    try:
        return import_module("api.oidc.provider").Provider.of(settings)
    except ModuleNotFoundError as error:
        raise OidcUnusable(f"{error.name} is not installed; install countermark[oidc]") from error


def _counting(metrics: Metrics) -> Said:
    def count(_lease: Lease, recorded: RecordedVerdict) -> None:
        outcome = "named" if recorded.named else "unknown source"
        metrics.verdicts.labels(recorded.verdict.kind, outcome).inc()

    return count


@contextmanager
def _witnessed(store: Store, settings: Settings, log: Any, metrics: Metrics) -> Iterator[None]:
    """Witnesses are asked meanwhile, where the operator names some."""
    if settings.witness_policy is None:
        yield
        return
    policy = Policy.parse(settings.witness_policy.read_bytes())
    witnessing = Witnessing(store, policy, seconds=settings.witness_seconds, log=log, metrics=metrics)
    witnessing.start()
    try:
        yield
    finally:
        witnessing.stop()


def _limit(settings: Settings, path: str) -> int:
    return settings.max_upload_bytes if _UPLOADS.fullmatch(path) else settings.max_body_bytes

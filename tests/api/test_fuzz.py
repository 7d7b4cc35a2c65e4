"""The service under requests made from its own description: no failure, and no answer that is not described."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as described

from api.app import create_app
from api.settings import Settings
from registry.jobs import NewJob
from registry.store import open_registry
from tests.api.released import release as released_in
from tests.api.released import running
from tests.api.serving import listening

load_all_checks()
CHECKS = (
    not_a_server_error,
    described.status_code_conformance,
    described.content_type_conformance,
    described.response_headers_conformance,
    described.response_schema_conformance,
)
FREE = {"GET /livez", "GET /readyz", "GET /metrics", "GET /problems", "GET /problems/{slug}"}
"""Operations that take nothing, or whatever one says: no request to them is out of form."""


@pytest.fixture(scope="module")
def world_of_things(tmp_path_factory, template, world) -> Iterator[tuple[str, dict, str]]:
    """A real server over a registry with something of everything: its address, a caller's headers, things by name."""
    with running(tmp_path_factory.mktemp("fuzz") / "data", template) as service:
        released = released_in(service, world)
        client = service.client()
        things = {
            "name": "digits-1",
            "copy_id": released.copies["edge-0"],
            "case_id": client.open_case("digits-1", suspect="x").id,
            "job_id": waiting_job(service.data),
            "challenge_id": client.open_challenge("edge-0", purpose="x").id,
            "hold_id": client.place_hold("device", "edge-1", reason="x").id,
            "key_id": client.create_api_key("spare", ["audit"]).id,
            "index": 3,
            "digest": "sha256:" + "0a" * 32,
            "path": "0/000.p/1",
            "slug": "unknown-device",
        }
        token = service.tokens["acme"]["all"]
        unlimited = {"rate_calls": "1000000/minute", "rate_verdicts": "1000000/minute"}
        with listening(create_app(Settings(data=service.data, metrics_token=token, **unlimited))) as address:
            yield address, {"Authorization": f"Bearer {token}"}, things


def waiting_job(data: Path) -> str:
    """Id of a job that nobody does: this service asks nothing."""
    with open_registry(data) as store, store.unit() as registry:
        tenant = registry.tenant("acme").id
        case = registry.open_case(tenant, "digits-1", suspect="x").id
        return registry.open_job(tenant, case, NewJob(suspect="x", spec=b"{}")).id


def fuzz(found, mode: GenerationMode, examples: int, *, fixed: bool) -> dict[str, int]:
    """Every operation of the description, so many requests each: how many were answered as described."""
    address, headers, things = found
    answered: dict[str, int] = {}
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    for result in schema.get_all_operations():
        operation = result.ok()
        answered[operation.label] = 0

        @settings(
            max_examples=examples,
            derandomize=fixed,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
        def check(case, known) -> None:
            if known and case.path_parameters:
                case.path_parameters.update({name: things[name] for name in case.path_parameters if name in things})
            case.call_and_validate(headers=headers, checks=CHECKS)
            answered[case.operation.label] += 1

        with suppress(Unsatisfiable):  # an operation that takes nothing has no request out of form
            check()
    return answered


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_what_is_described_and_what_is_not(world_of_things, mode):
    """Requests in form and out of form: answered as described."""
    answered = fuzz(world_of_things, mode, 2, fixed=True)
    unasked = {operation for operation, times in answered.items() if times == 0}
    assert unasked == (FREE if mode is GenerationMode.NEGATIVE else set())
    assert len(answered) > len(FREE)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_many_of_them(world_of_things, mode):
    """The same, hundreds of times, drawn anew each time."""
    answered = fuzz(world_of_things, mode, 300, fixed=False)
    assert {operation for operation, times in answered.items() if times == 0} <= FREE

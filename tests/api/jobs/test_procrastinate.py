"""Procrastinate: its tables in the database, and what becomes of jobs when it loses tasks or connections."""

import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.client import Client
from api.jobs.backends.queue_schema import SCHEMA, conninfo, prepare, require
from api.jobs.errors import JobsUnusable
from api.settings import Settings
from registry.errors import DatabaseUnavailable
from registry.jobs import JobState
from tests.api.jobs.conftest import built
from tests.api.jobs.site import SOON, Site, Suspects
from tests.patience import comes, until

ROLE, QUOTED = 'the "queue"', '"the ""queue"""'


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory, endpoint: Suspects) -> Iterator[Site]:
    """A registry on PostgreSQL with a queue; jobs of all tests come to an end."""
    with built("procrastinate", "postgresql", tmp_path_factory.mktemp("queue") / "data", endpoint) as found:
        yield found


def execute(site: Site, statement: str) -> list[tuple[Any, ...]]:
    """What a statement gives, sent by the tables' owner."""
    assert site.url is not None
    path = f"-c search_path={SCHEMA},public"
    with psycopg.connect(conninfo(site.url), autocommit=True, options=path) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def answers(site: Site) -> bool:
    """Whether the registry's connections are whole again; the first to meet a cut one throws them all away."""
    try:
        with site.store.reading() as registry:
            return bool(registry.tenant("default"))
    except DatabaseUnavailable:
        return False


def run(site: Site, *args: str, code: int = 0) -> Any:
    """Run a command as the operator."""
    given = {"DATA": str(site.data), "JOBS": "procrastinate", "DATABASE_URL": site.url or ""}
    result = CliRunner().invoke(app, args, env={f"COUNTERMARK_{name}": value for name, value in given.items()})
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_a_step_that_was_put_off_waits_in_the_queue(queue: Site) -> None:
    """For its pause, and nobody sweeps; then the job goes on."""
    opened = queue.opened()
    with queue.store.unit() as registry:
        lease = registry.leases.take("another", 600, opened.due)
        assert lease is not None
        registry.leases.postpone(lease, "no answer", 0.5)
    with queue.working() as backend:
        backend.announce(opened.due)
        assert opened.ended().state == JobState.DONE


def test_a_queue_that_was_emptied_is_filled_again(queue: Site) -> None:
    """Amid a job."""
    opened = queue.opened(batch=100)
    with queue.endpoint.held(opened.place) as holding, queue.working() as backend:
        backend.announce(opened.due)
        comes(holding)
        execute(queue, "DELETE FROM procrastinate_jobs")
        queue.endpoint.free(opened.place)
        assert opened.ended().state == JobState.DONE
    assert opened.asked == [1] * 400


def test_connections_that_are_cut_are_made_again(queue: Site) -> None:
    """All of them, amid a job, as when the server is started anew."""
    opened = queue.opened(batch=50)
    with queue.working(lease_seconds=SOON) as backend:
        backend.announce(opened.due)
        until(lambda: opened.asked)
        execute(queue, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        until(lambda: answers(queue))
        assert opened.ended().state == JobState.DONE
        assert queue.opened().ended().state == JobState.DONE


def test_what_killed_workers_had_in_hand_is_forgotten(queue: Site) -> None:
    """Tasks that were taken by a worker that is gone do not stay for ever."""
    columns, values = "(queue_name, task_name, status, queueing_lock)", "('default', 'x', 'doing', 'gone')"
    execute(queue, f"INSERT INTO procrastinate_jobs {columns} VALUES {values}")
    left = "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = 'gone'"
    assert len(execute(queue, left)) == 1
    with queue.working(lease_seconds=SOON):
        until(lambda: not execute(queue, left))
    assert execute(queue, left) == []


def test_two_that_forget_the_same_at_once_go_on_with_their_work(queue: Site) -> None:
    """Both found the task of a worker that is gone, and one of them finds it forgotten by the other."""
    columns, values = "(queue_name, task_name, status, queueing_lock)", "('default', 'x', 'doing', 'twice')"
    execute(queue, f"INSERT INTO procrastinate_jobs {columns} VALUES {values}")
    said, theirs = queue.log.tell(), "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = 'twice'"
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    assert queue.url is not None
    with psycopg.connect(conninfo(queue.url)) as other:
        other.execute(f"SET LOCAL search_path TO {SCHEMA}; {theirs} FOR UPDATE".encode())
        with queue.working(lease_seconds=SOON), queue.working(lease_seconds=SOON):
            until(lambda: len(execute(queue, waiting)) == 2)
            other.rollback()
            until(lambda: not execute(queue, theirs))
            assert queue.opened().ended().state == JobState.DONE
    assert '"event": "queue"' not in queue.log.getvalue()[said:]


def test_a_job_over_http_is_announced(queue: Site) -> None:
    """Opened, and tried again, at a service that does no steps itself; a worker that never looks does them."""
    with queue.store.unit() as registry:
        token = registry.create_api_key(registry.tenant("default").id, "k", {"investigate"}).token
    settings = queue.settings(workers=0)
    with TestClient(create_app(settings)) as web, queue.working():
        client = Client("http://testserver", token=token, http=web)
        case = client.open_case("whole", suspect="s")
        described = queue.endpoint.put("over-http", queue.suspects[1])
        job = client.open_job(case.id, described, batch=100, budget=250)
        assert [event.name for event in client.job_events(job.id)][-1] == "failed"
        client.retry_job(job.id, budget=400)
        assert [event.name for event in client.job_events(job.id)][-1] == "decided"
        assert client.verdict(case.id).named == ["edge-0"]


def test_commands_make_the_tables_and_give_the_role_its_rights(queue: Site) -> None:
    """`database upgrade` makes them anew where they are another version's; a worker of the role then works."""
    assert queue.url is not None
    execute(queue, f"COMMENT ON SCHEMA {SCHEMA} IS 'sha256:0'")
    with pytest.raises(JobsUnusable, match="database upgrade"):
        require(queue.url)
    assert json.loads(run(queue, "database", "upgrade", "--json").stdout)["upgraded"] is True
    require(queue.url)
    assert not prepare(queue.url)
    execute(queue, f"CREATE ROLE {QUOTED} LOGIN")
    rights = json.loads(run(queue, "database", "grant", ROLE, "--json").stdout)["rights"]
    assert rights[f"{SCHEMA}.procrastinate_jobs"] == "SELECT, INSERT, UPDATE, DELETE"
    assert rights["verification_job"] == "SELECT, INSERT, UPDATE"
    as_role = queue.url.replace("benchmark@", f"{quote(ROLE)}@")
    with queue.at(as_role) as other, other.working() as backend:
        opened = other.opened()
        backend.announce(opened.due)
        assert opened.ended().state == JobState.DONE
    execute(queue, f"DROP OWNED BY {QUOTED}")
    execute(queue, f"DROP ROLE {QUOTED}")


def test_a_database_without_the_tables_is_refused(queue: Site) -> None:
    """In one line that says what makes them, before anything starts."""
    execute(queue, f"ALTER SCHEMA {SCHEMA} RENAME TO aside")
    try:
        result = run(queue, "worker", code=1)
        assert "no queue for jobs yet" in result.stderr
        assert result.stderr.count("\n") == 1
        assert run(queue, "database", "grant", "benchmark", code=0).exit_code == 0
    finally:
        execute(queue, f"ALTER SCHEMA aside RENAME TO {SCHEMA}")


def test_sqlite_has_no_queue() -> None:
    """Said of the setting, whatever is to be done."""
    with pytest.raises(ValidationError, match="DATABASE_URL"):
        Settings(jobs="procrastinate")
    with pytest.raises(ValidationError, match="DATABASE_URL"):
        Settings(jobs="procrastinate", database_url="sqlite:///x.db")


def test_a_missing_library_is_named(queue: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    monkeypatch.delitem(sys.modules, "api.jobs.backends.procrastinate", raising=False)
    with pytest.raises(JobsUnusable, match=r"countermark\[cluster\]"), queue.working(start=False):
        pass

"""Everything that the API can do, a command does, on a data directory and against a service: a table of every endpoint.

A new endpoint without a row here fails, and so does a row whose command is not there, or goes another way.
"""

import importlib
import inspect
import re
import sys
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from typer.main import get_command

from api import calls
from api.cli import app
from api.client import Client

# endpoint -> the command, and the method of the client that it calls
COMMANDS = {
    ("POST", "/v1/devices"): ("device enroll", "enroll_device"),
    ("GET", "/v1/devices"): ("device list", "devices"),
    ("GET", "/v1/devices/{name}"): ("device show", "device"),
    ("GET", "/v1/devices/{name}/helper-data"): ("device reproduce", "helper_data"),
    ("POST", "/v1/devices/{name}/enrolments"): ("device reenroll", "reenroll_device"),
    ("POST", "/v1/devices/{name}/challenges"): ("device prove", "open_challenge"),
    ("GET", "/v1/challenges/{challenge_id}"): ("device challenge", "challenge"),
    ("POST", "/v1/challenges/{challenge_id}/proof"): ("device prove", "prove_possession"),
    ("POST", "/v1/devices/{name}/revoke"): ("device revoke", "revoke_device"),
    ("POST", "/v1/devices/{name}/forget"): ("device forget", "forget_device"),
    ("POST", "/v1/holds"): ("hold place", "place_hold"),
    ("GET", "/v1/holds"): ("hold list", "holds"),
    ("POST", "/v1/holds/{hold_id}/lift"): ("hold lift", "lift_hold"),
    ("POST", "/v1/retention"): ("retention apply", "apply_retention"),
    ("POST", "/v1/releases"): ("release create", "commit_release"),
    ("GET", "/v1/releases"): ("release list", "releases"),
    ("GET", "/v1/releases/{name}"): ("release show", "release"),
    ("GET", "/v1/releases/{name}/commitment"): ("release commitment", "commitment"),
    ("GET", "/v1/releases/{name}/bom"): ("release bom", "bom"),
    ("GET", "/v1/releases/{name}/pack"): ("release pack", "pack"),
    ("POST", "/v1/releases/{name}/copies"): ("copy reserve", "reserve_copy"),
    ("GET", "/v1/copies"): ("copy list", "copies"),
    ("GET", "/v1/copies/by-artefact/{digest}"): ("copy find", "copies_of_artefact"),
    ("GET", "/v1/copies/{copy_id}"): ("copy show", "copy"),
    ("PUT", "/v1/copies/{copy_id}"): ("copy issue", "issue_copy"),
    ("POST", "/v1/cases"): ("case open", "open_case"),
    ("GET", "/v1/cases"): ("case list", "cases"),
    ("GET", "/v1/cases/{case_id}"): ("case show", "case"),
    ("GET", "/v1/cases/{case_id}/probes"): ("probes", "probes"),
    ("POST", "/v1/cases/{case_id}/outputs"): ("verify", "send_outputs"),
    ("POST", "/v1/cases/{case_id}/model"): ("verify", "send_model"),
    ("POST", "/v1/cases/{case_id}/endpoint"): ("verify", "ask_endpoint"),
    ("POST", "/v1/cases/{case_id}/jobs"): ("verify", "open_job"),
    ("POST", "/v1/cases/{case_id}/jobs/model"): ("verify", "open_model_job"),
    ("GET", "/v1/cases/{case_id}/record"): ("case record", "record"),
    ("GET", "/v1/cases/{case_id}/verdict"): ("case verdict", "verdict"),
    ("GET", "/v1/cases/{case_id}/evidence"): ("evidence export", "evidence"),
    ("GET", "/v1/jobs"): ("job list", "jobs"),
    ("GET", "/v1/jobs/{job_id}"): ("job show", "job"),
    ("DELETE", "/v1/jobs/{job_id}"): ("job cancel", "cancel_job"),
    ("POST", "/v1/jobs/{job_id}/retry"): ("job retry", "retry_job"),
    ("GET", "/v1/jobs/{job_id}/events"): ("job follow", "job_events"),
    ("GET", "/v1/log/checkpoint"): ("log checkpoint", "checkpoint"),
    ("GET", "/v1/log/key"): ("log key", "log_key"),
    ("GET", "/v1/log/entries/{index}"): ("log entry", "entry"),
    ("GET", "/v1/log/entries/{index}/timestamps"): ("timestamp list", "timestamps"),
    ("GET", "/v1/log/proof/{index}"): ("log proof", "proof"),
    ("GET", "/v1/log/consistency"): ("log consistency", "consistency"),
    ("POST", "/v1/api-keys"): ("key create", "create_api_key"),
    ("GET", "/v1/api-keys"): ("key list", "api_keys"),
    ("POST", "/v1/api-keys/{key_id}/rotate"): ("key rotate", "rotate_api_key"),
    ("DELETE", "/v1/api-keys/{key_id}"): ("key revoke", "revoke_api_key"),
}

# endpoint -> the command that fetches it by another way than the client
FETCHED = {("GET", "/tlog/checkpoint"): "log audit", ("GET", "/tlog/tile/{path}"): "log audit"}

# endpoint -> why no command asks for it
WITHOUT = {
    ("GET", "/livez"): "asked by whatever runs the service: is the process alive",
    ("GET", "/readyz"): "asked by a load balancer: may requests be sent here",
    ("GET", "/metrics"): "scraped by Prometheus, with a token of its own",
    ("GET", "/problems"): "pages for people; a command prints the way out beside each error",
    ("GET", "/problems/{slug}"): "the same",
}


def command(words: str):
    """The command of that name."""
    found = get_command(app)
    for word in words.split():
        found = found.commands[word]
    return found


def test_every_endpoint_has_its_row(standing):
    """The tables together are what the application describes, no more and no less."""
    paths = standing.service.web.get("/openapi.json").json()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    rows = [*COMMANDS, *FETCHED, *WITHOUT]
    assert len(rows) == len(set(rows))
    assert set(rows) == described
    assert all(WITHOUT.values())


@pytest.mark.parametrize("words", sorted({words for words, _ in COMMANDS.values()} | set(FETCHED.values())))
def test_a_command_acts_here_and_there(words):
    """It takes a data directory, and the address of a service."""
    assert {"--data", "--server"} <= {option for each in command(words).params for option in each.opts}


def filled(kind):
    """A value that an argument of that annotation can have."""
    if isinstance(kind, types.UnionType):
        kind = next(each for each in typing.get_args(kind) if each is not type(None))
    origin = typing.get_origin(kind) or kind
    values = {str: "x", int: 1, bool: True, bytes: b"x", datetime: datetime(2026, 1, 1, tzinfo=UTC)}
    return values.get(origin, {} if issubclass(origin, Mapping) else [])


@pytest.mark.parametrize("endpoint", COMMANDS, ids=" ".join)
def test_a_row_goes_that_way(endpoint):
    """The client's method sends its request to the endpoint, and the command calls the method."""
    words, method = COMMANDS[endpoint]
    assert callable(getattr(Client, method))
    wanted = inspect.signature(getattr(calls, method), eval_str=True).parameters
    given = {name: filled(each.annotation) for name, each in wanted.items()}
    keyword = {name: given.pop(name) for name, each in wanted.items() if each.kind is each.KEYWORD_ONLY}
    call = getattr(calls, method)(*given.values(), **keyword)
    assert call.method == endpoint[0]
    assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", endpoint[1]), call.path)
    assert f".{method}(" in "".join(sources(inspect.unwrap(command(words).callback).__module__))


def sources(name: str) -> list[str]:
    """Source of a module of commands and of those that it imports."""
    found, todo = {}, [name]
    while todo:
        module = importlib.import_module(todo.pop())
        found[module.__name__] = inspect.getsource(module)
        named = re.findall(r"api\.commands\.(\w+)|from api\.commands import (.+)", found[module.__name__])
        wanted = {f"api.commands.{word}" for one, many in named for word in (one, *re.findall(r"\w+", many)) if word}
        todo += [each for each in wanted - set(found) if each in sys.modules]
    return list(found.values())

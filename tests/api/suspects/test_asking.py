"""All probes put to a suspect, in batches, with a record of every exchange that asking goes on from."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.suspects.asking import Plan, ask_all
from api.suspects.errors import AnswerUnusable, BudgetSpent, RecordMismatch, SuspectRefused
from api.suspects.remote import Remote
from api.suspects.suspect import Reply
from api.suspects.template import Template

PROBES = np.random.default_rng(2).normal(size=(10, 3)).astype(np.float32)


def _remote(suspect, outbound, **fields: object) -> Remote:
    return Remote(endpoint=_endpoint(suspect, **fields), outbound=outbound)


def _endpoint(suspect, path="/good", answers="/predictions") -> Template:
    fields = {"url": suspect.url + path, "body": {"instances": "$probes"}, "answers": answers}
    return Template.from_bytes(json.dumps(fields).encode())


def test_all_probes_are_asked_and_recorded(suspect, outbound, tmp_path):
    """In batches, in order; the record holds each exchange."""
    record = tmp_path / "record.jsonl"
    parts = list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    np.testing.assert_allclose(np.concatenate(parts)[:, 0], PROBES.astype(float).sum(axis=1))
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [line["start"] for line in lines[1:]] == [0, 4, 8]
    assert all(line["exchange"]["status"] == 200 for line in lines[1:])


def test_a_run_goes_on_where_it_stopped(suspect, outbound, tmp_path):
    """Nothing is asked twice, not even after a line that a crash cut short."""
    record = tmp_path / "record.jsonl"
    with pytest.raises(BudgetSpent, match="--budget"):
        list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4, budget=8)))
    assert len(suspect.seen) == 2
    with record.open("a") as stream:
        stream.write('{"start": 8, "answ')
    parts = list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    assert len(suspect.seen) == 3
    np.testing.assert_allclose(np.concatenate(parts)[:, 0], PROBES.astype(float).sum(axis=1))
    list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    assert len(suspect.seen) == 3


def test_asking_stops_when_its_time_is_up(suspect, outbound, tmp_path):
    """And goes on when it is asked again."""
    record, now = tmp_path / "record.jsonl", iter(range(0, 1000, 10))
    plan = Plan(batch=4, seconds=15)
    with pytest.raises(BudgetSpent, match="4 probes are asked after 15 seconds"):
        list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=plan, clock=lambda: next(now)))
    assert len(list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=plan))) == 3
    assert len(suspect.seen) == 3


def test_two_runs_cannot_write_one_record(suspect, outbound, tmp_path):
    """The second is told; the first goes on."""
    record = tmp_path / "record.jsonl"
    first = ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4))
    next(first)
    with pytest.raises(RecordMismatch, match="another run"):
        list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    assert len(list(first)) == 2


def test_a_suspect_that_never_answered_leaves_no_record(suspect, outbound, tmp_path):
    """So that another may be asked instead."""
    record = tmp_path / "record.jsonl"
    with pytest.raises(SuspectRefused):
        list(ask_all(_remote(suspect, outbound, path="/missing"), PROBES, record=record, plan=Plan(batch=4)))
    assert record.read_bytes() == b""
    assert len(list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))) == 3


def test_a_record_of_something_else_is_refused(suspect, outbound, tmp_path):
    """Other probes, another suspect, another batch size, another kind of file."""
    record = tmp_path / "record.jsonl"
    list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))
    for endpoint, probes, plan in (
        (_remote(suspect, outbound), PROBES + 1, Plan(batch=4)),
        (_remote(suspect, outbound, answers="/p"), PROBES, Plan(batch=4)),
        (_remote(suspect, outbound), PROBES, Plan(batch=5)),
    ):
        with pytest.raises(RecordMismatch):
            list(ask_all(endpoint, probes, record=record, plan=plan))
    whole = record.read_text()
    for spoilt in ("nonsense\n", "[]\n", whole + whole.splitlines()[1] + "\n"):
        record.write_text(spoilt)
        with pytest.raises(RecordMismatch):
            list(ask_all(_remote(suspect, outbound), PROBES, record=record, plan=Plan(batch=4)))


def test_answers_of_changing_width_are_refused(tmp_path):
    """One model answers in one shape."""

    class Changing:
        """A suspect whose answers grow."""

        identity, at_once, width = "changing", None, 0

        def ask(self, batch) -> Reply:
            """Wider each time."""
            self.width += 1
            return Reply(answers=np.zeros((len(batch), self.width)), exchange={})

    with pytest.raises(AnswerUnusable, match="one model"):
        list(ask_all(Changing(), PROBES, record=tmp_path / "r", plan=Plan(batch=4)))


def test_the_command_asks_and_verify_weighs(suspect, place, tmp_path, world):
    """From an open case to answers in a file; private networks need a word from the operator."""
    (place.path / "pack").write_bytes(world.pack.to_bytes())
    place.json("release", "create", "digits-1", "--pack", place.path / "pack")
    case = place.json("case", "open", "--release", "digits-1")["id"]
    template = {"url": f"{suspect.url}/good", "body": {"instances": "$probes"}, "answers": "/predictions"}
    (place.path / "t.json").write_text(json.dumps(template))
    args = ("ask", "--case", case, "--template", place.path / "t.json", "--record", place.path / "r.jsonl")
    place.run(*args, "--out", place.path / "o.npz", code=1)
    assert "--allow-network" in place.stderr
    asked = place.json(*args, "--out", place.path / "o.npz", "--allow-network", "127.0.0.0/8", "--per-second", 10000)
    assert asked["answers"] == [400, 2]
    assert asked["looks_like"] == "logits"
    place.run("verify", "--case", case, "--outputs", place.path / "o.npz", "--kind", "logits", code=1)
    assert "(400, 2)" in place.stderr
    place.run(*args, "--out", place.path / "p.npz", "--allow-network", "nonsense", code=2)
    wrong = CliRunner().invoke(app, ["ask", "--case", case, "--record", "r", "--out", "o", "--oip", "http://x.example"])
    assert wrong.exit_code == 2

"""All probes put to a suspect in batches, each exchange recorded, resumed where an earlier run stopped.

The record is a file of JSON lines: a head with the digests of the probes and the suspect's identity, then one line for
each batch with its answers and the exchange. It is written through to the disk before the next batch is asked, so that
no probe is asked twice unless its answer was lost.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.endpoint import rows
from api.suspects.errors import AnswerUnusable, BudgetSpent, RecordMismatch
from api.suspects.suspect import Suspect
from fingerprint.canonical import digest

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the probes are asked.

    Attributes:
        batch: probes asked together, where the suspect does not decide.
        budget: the most probes that may be asked, those of earlier runs included.
        seconds: after which no further batch is asked; a later run goes on.
    """

    batch: int = 64
    budget: int | None = None
    seconds: float | None = None


def size_of(suspect: Suspect, plan: Plan) -> int:
    """How many probes are put to the suspect together."""
    return suspect.at_once or plan.batch


def ask_all(
    suspect: Suspect,
    probes: NDArray[Any],
    *,
    record: Path,
    plan: Plan,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[NDArray[Any]]:
    """The answers batch by batch, from the record where it has them and from the suspect where it has not.

    Raises:
        RecordMismatch: the record belongs to other probes, another suspect or another batch size.
        BudgetSpent: the next batch would ask more probes, or later, than may be.
        SuspectError, ModelError, AnswersError: the suspect cannot be asked, or answers something unusable.
    """
    size, started = size_of(suspect, plan), clock()
    head = {"version": _VERSION, "suspect": suspect.identity, "probes": _digest(probes), "batch": size}
    with record.open("a+b") as stream:
        _own(stream, record)
        known = _read(stream, record, head)
        if known and len(known) * size >= len(probes) + size:
            raise RecordMismatch(f"{record.name} holds more batches than there are probes; give another --record")
        yield from known
        width = known[0].shape[1:] if known else None
        for start in range(len(known) * size, len(probes), size):
            batch = probes[start : start + size]
            _check(plan, start, start + len(batch), clock() - started)
            reply = suspect.ask(batch)
            if width not in (None, reply.answers.shape[1:]):
                raise AnswerUnusable(
                    f"answers of shape {reply.answers.shape[1:]} after answers of {width}; is it one model?"
                )
            width = reply.answers.shape[1:]
            if not np.isfinite(reply.answers).all():
                raise AnswerUnusable(f"NaN or infinity among the answers to probes {start} to {start + len(batch) - 1}")
            line = {"start": start, "answers": reply.answers.tolist(), "exchange": reply.exchange}
            _write(stream, *([] if start else [head]), line)
            yield reply.answers


def _check(plan: Plan, start: int, end: int, passed: float) -> None:
    if plan.budget is not None and end > plan.budget:
        raise BudgetSpent(f"{start} probes are asked, and {plan.budget} may be; raise --budget to go on")
    if plan.seconds is not None and passed > plan.seconds:
        raise BudgetSpent(f"{start} probes are asked after {plan.seconds:g} seconds; ask again to go on")


def _own(stream: IO[bytes], record: Path) -> None:
    """Return if nobody else writes the record."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise RecordMismatch(f"{record.name} is being written by another run; wait for its end") from error


def _read(stream: IO[bytes], record: Path, head: dict[str, Any]) -> list[NDArray[Any]]:
    """The batches that the record holds; a last line that a crash cut short is dropped from the file."""
    stream.seek(0)
    text = stream.read()
    whole = text[: text.rfind(b"\n") + 1]
    if len(whole) != len(text):
        stream.truncate(len(whole))
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
        if lines and lines[0] != head:
            differing = [name for name in head if lines[0].get(name) != head[name]]
            raise RecordMismatch(
                f"{record.name} records other {', '.join(differing)}; give another --record for this one"
            )
        return [rows(line["answers"], len(line["answers"]), record.name) for line in lines[1:]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordMismatch(f"{record.name} is no record of this program; give another --record") from error


def _write(stream: IO[bytes], *lines: dict[str, Any]) -> None:
    for line in lines:
        stream.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    stream.flush()
    os.fsync(stream.fileno())


def _digest(probes: NDArray[Any]) -> str:
    return digest(str(probes.shape).encode() + np.ascontiguousarray(probes).tobytes())

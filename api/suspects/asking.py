"""All probes put to an endpoint in batches, each exchange recorded, resumed where an earlier run stopped.

The record is a file of JSON lines: a head with the digests of the probes and the suspect's identity, then one line for
each batch with its answers and the exchange. It is written through to the disk before the next batch is asked, so that
no probe is asked twice unless its answer was lost.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.suspects.endpoint import Endpoint, rows
from api.suspects.errors import AnswerUnusable, BudgetSpent, RecordMismatch
from api.suspects.outbound import Outbound
from fingerprint.canonical import digest

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the probes are asked.

    Attributes:
        batch: probes in one request.
        budget: the most probes that may be asked, those of earlier runs included.
    """

    batch: int = 64
    budget: int | None = None


def ask_all(
    endpoint: Endpoint, probes: NDArray[Any], outbound: Outbound, *, record: Path, plan: Plan
) -> Iterator[NDArray[Any]]:
    """The answers batch by batch, from the record where it has them and from the suspect where it has not.

    Raises:
        RecordMismatch: the record belongs to other probes, another suspect or another batch size.
        BudgetSpent: the next batch would ask more probes than may be asked.
        SuspectError: the suspect cannot be asked, or answers something unusable.
    """
    head = {"version": _VERSION, "suspect": endpoint.identity, "probes": _digest(probes), "batch": plan.batch}
    known = _read(record, head)
    if known and len(known) * plan.batch >= len(probes) + plan.batch:
        raise RecordMismatch(f"{record} holds more batches than there are probes; give another --record")
    starts = range(0, len(probes), plan.batch)
    yield from known
    with record.open("a", encoding="utf-8") as stream:
        if record.stat().st_size == 0:
            _write(stream, head)
        width = known[0].shape[1:] if known else None
        for start in starts[len(known) :]:
            batch = probes[start : start + plan.batch]
            if plan.budget is not None and start + len(batch) > plan.budget:
                raise BudgetSpent(f"{start} probes are asked, and {plan.budget} may be; raise --budget to go on")
            exchange = outbound.ask(endpoint.request(batch))
            answers = endpoint.answers(exchange.body, len(batch))
            if width not in (None, answers.shape[1:]):
                raise AnswerUnusable(f"answers of shape {answers.shape[1:]} after answers of {width}; is it one model?")
            width = answers.shape[1:]
            _write(stream, {"start": start, "answers": answers.tolist(), "exchange": exchange.record()})
            yield answers


def _read(record: Path, head: dict[str, Any]) -> list[NDArray[Any]]:
    """The batches that the record holds; a last line that a crash cut short is dropped from the file."""
    if not record.exists():
        return []
    text = record.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if len(whole) != len(text):
        os.truncate(record, len(whole))
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
        if lines and lines[0] != head:
            differing = [name for name in head if lines[0].get(name) != head[name]]
            raise RecordMismatch(f"{record} records other {', '.join(differing)}; give another --record for this one")
        return [rows(line["answers"], len(line["answers"]), f"{record}") for line in lines[1:]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordMismatch(f"{record} is no record of this program; give another --record") from error


def _write(stream: Any, line: dict[str, Any]) -> None:
    stream.write(json.dumps(line, separators=(",", ":")) + "\n")
    stream.flush()
    os.fsync(stream.fileno())


def _digest(probes: NDArray[Any]) -> str:
    return digest(str(probes.shape).encode() + np.ascontiguousarray(probes).tobytes())

"""What came of the cases of a run, counted from the service's answers and from what the endpoint saw."""

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from benchmarks.resume.endpoint import Probe
from benchmarks.resume.killing import THREADS, Case, Run


def row(run: Run, *, database: str, backend: str, what: str) -> dict[str, Any]:
    """One row.

    `asked_twice_most_per_kill` is how often a probe was asked again between two kills, at most; `asked_again` counts
    all of these. `steps_again_beyond_kills` is by how many the steps asked again so far were ever ahead of the threads
    killed so far; a process that is killed before the leases of the one before it expired leaves its steps to the next.
    """
    times = {case.place: run.endpoint.times(case.place) for case in run.cases}
    jobs = {case.place: run.client.job(case.job) for case in run.cases}
    decided = [case for case in run.cases if run.client.case(case.id).decided]
    same = [case for case in decided if run.client.verdict(case.id).verdict_digest == run.expected[case.suspect.name]]
    again = [again_after(seen) for seen in times.values()]
    steps = Counter(epoch for found in again for epoch in found)
    return {
        "database": database,
        "backend": backend,
        "killed": what,
        "kills": run.kills,
        "cases": len(run.cases),
        "decided": len(decided),
        "same_verdict": len(same),
        "probes": sum(len(seen) for seen in times.values()),
        "asked": sum(len(epochs) for seen in times.values() for epochs in seen.values()),
        "asked_again": sum(len(epochs) - 1 for seen in times.values() for epochs in seen.values()),
        "asked_twice_most_per_kill": max((most for found in again for most in found.values()), default=0),
        "steps_again": sum(steps.values()),
        "steps_again_beyond_kills": ahead(steps, run.kills),
        "undercounted": sum(jobs[place].asked < sum(map(len, seen.values())) for place, seen in times.items()),
        "lost": sum(is_lost(run, case, len(times[case.place])) for case in run.cases),
        "recovery_seconds": statistics.median(run.recoveries),
        "recovery_seconds_most": max(run.recoveries),
    }


def again_after(seen: dict[Probe, list[int]]) -> dict[int, int]:
    """By number of the kill after which probes of a case were asked again: how often one of them was, at most.

    Example:
        >>> again_after({(0.0,): [0], (1.0,): [0, 1], (2.0,): [1, 2, 2]})
        {1: 1, 2: 2}
    """
    most: dict[int, int] = {}
    for epochs in seen.values():
        for epoch, times in Counter(sorted(epochs)[1:]).items():
            most[epoch] = max(most.get(epoch, 0), times)
    return most


def ahead(steps: Mapping[int, int], kills: int) -> int:
    """By how many the steps asked again are ahead of the threads killed, at most, after any of the kills.

    Example:
        >>> ahead({1: 0, 2: 4}, kills=3), ahead({1: 3, 2: 1}, kills=3)
        (0, 1)
    """
    so_far = accumulate(steps.get(epoch, 0) for epoch in range(kills + 1))
    return max(0, *(found - THREADS * epoch for epoch, found in enumerate(so_far)))


def is_lost(run: Run, case: Case, probes: int) -> bool:
    """Whether anything about a case is gone: its record lacks an answer, its events have gaps, its end is not told."""
    lines = [json.loads(line) for line in run.client.record(case.id).splitlines()[1:]]
    events = list(run.client.job_events(case.job)) if run.client.job(case.job).ended_at else []
    answered = sum(len(line["answers"]) for line in lines)
    whole = [line["start"] for line in lines] == starts(len(line["answers"]) for line in lines)
    told = [event.seq for event in events] == list(range(1, len(events) + 1)) and bool(events) and events[-1].last
    return not (whole and told and answered == probes)


def starts(counts: Iterable[int]) -> list[int]:
    """Where batches of these sizes start, one after another.

    Example:
        >>> starts([3, 2, 3])
        [0, 3, 5]
    """
    found, start = list[int](), 0
    for number in counts:
        found.append(start)
        start += number
    return found

"""What is measured: verifications one by one, the mathematics alone, and ten times more than there is room for."""

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.scale.filling import RELEASE
from benchmarks.service.server import PLACES, Served
from benchmarks.service.world import CLASSES, PROBES, World, answers, opened
from fingerprint.identify import judge_packed
from fingerprint.observation import observe
from fingerprint.verify import gather

CLIENTS, TIMES_OVER = 2, 10
BROKEN = "no answer"
_ROUNDS = 7


def send(web: httpx2.Client, case: str, body: bytes) -> tuple[str, float]:
    """Status and seconds of one upload, sent once; what breaks the connection has a status of its own."""
    started = time.perf_counter()
    path, headers = f"/v1/cases/{case}/outputs?kind=logits", {"Content-Type": "application/octet-stream"}
    try:
        status = str(web.post(path, content=body, headers=headers).status_code)
    except httpx2.HTTPError as error:
        status = f"{BROKEN}: {type(error).__name__}"
    return status, time.perf_counter() - started


def together(served: Served, cases: Sequence[str], body: bytes, clients: int) -> list[tuple[str, float]]:
    """All cases' uploads by so many clients, each with a connection of its own and always one request on its way."""

    def client(number: int) -> list[tuple[str, float]]:
        with served.web() as web:
            return [send(web, case, body) for case in cases[number::clients]]

    with ThreadPoolExecutor(clients) as pool:
        parts = list(pool.map(client, range(clients)))
    return [parts[number % clients][number // clients] for number in range(len(cases))]


def verifications(served: Served, cases: Sequence[str], body: bytes) -> dict[str, Any]:
    """Rate, times, processor time and memory of verifications, upload included."""
    with served.web() as web:
        first = send(web, cases[0], body)
    resting, used, started = served.forget_peak(), served.processor_seconds(), time.perf_counter()
    found = together(served, cases[1:], body, CLIENTS)
    took, used = time.perf_counter() - started, served.processor_seconds() - used
    if {status for status, _ in [first, *found]} != {"201"}:
        raise AssertionError(f"not every upload had its verdict: {Counter(status for status, _ in found)}")
    times = [seconds for _, seconds in found]
    return {
        "verifications": len(times),
        "clients": CLIENTS,
        "per_second": len(times) / took,
        "p50_seconds": float(np.quantile(times, 0.5)),
        "p99_seconds": float(np.quantile(times, 0.99)),
        "first_seconds": first[1],
        "processor_seconds": used / len(times),
        "upload_bytes": len(body),
        "resting_bytes": resting,
        "memory_per_request_bytes": (served.peak() - resting) / CLIENTS,
    }


def mathematics(world: World) -> float:
    """Processor seconds of evidence and identification alone: answers, pack and codewords lie in memory."""
    values = answers(0)
    with opened(world.data) as store, store.reading() as registry:
        pack, book = registry.pack(world.tenant, RELEASE), registry.codebook(world.tenant, RELEASE)
    taken = list[float]()
    with threadpool_limits(1):  # as in the service
        for _ in range(_ROUNDS):
            started = time.process_time()
            evidence = gather(pack, observe("logits", values, probes=PROBES, classes=CLASSES))
            judge_packed(evidence, book.codewords, lambda found: [("", "")] * len(found))
            taken.append(time.process_time() - started)
    return statistics.median(taken[1:])


def overload(served: Served, cases: Sequence[str], body: bytes) -> dict[str, Any]:
    """Ten times as many clients as places, all at once; then what came of each case."""
    resting = served.forget_peak()
    found = together(served, cases[:-1], body, TIMES_OVER * PLACES)
    peak = served.peak()
    with served.web() as web:
        decided = [bool(web.get(f"/v1/cases/{case}").json()["decided"]) for case in cases[:-1]]
        afterwards, seconds = send(web, cases[-1], body)
    accepted = [status == "201" for status, _ in found]
    return {
        "clients": TIMES_OVER * PLACES,
        "places": PLACES,
        "requests": len(found),
        "answers": dict(Counter(status for status, _ in found)),
        "lost": sum(said and not kept for said, kept in zip(accepted, decided, strict=True)),
        "decided_unsaid": sum(kept and not said for said, kept in zip(accepted, decided, strict=True)),
        "afterwards": afterwards,
        "afterwards_seconds": seconds,
        "memory_per_place_bytes": (peak - resting) / PLACES,
    }

"""A registry of many devices: the operator's audit of it, and how long it takes to open after its writer was killed."""

import os
import signal
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.registry.appends import KEK, new_device
from registry.store import Store, init_store, open_registry

UNIT = 1000


def enrolled(directory: Path, url: str | None, devices: int) -> str:
    """A registry with so many devices; the tenant's id."""
    init_store(directory, kek=KEK, database_url=url, origin="benchmark.example/log")
    with open_registry(directory, kek=KEK, database_url=url) as store:
        with store.unit() as registry:
            tenant = registry.create_tenant("acme").id
        for low in range(0, devices, UNIT):
            names = [f"device {number}" for number in range(low, min(devices, low + UNIT))]
            with store.unit() as registry:
                registry.enroll_devices(tenant, [new_device(name) for name in names])
    return tenant


def audit(directory: Path, url: str | None) -> dict[str, Any]:
    """The operator's audit: every entry, row, stored hash and sealed key."""
    with open_registry(directory, kek=KEK, database_url=url) as store:
        start = time.process_time()
        report = store.audit()
        seconds = time.process_time() - start
    return {"size": report.size, "opened": report.opened, "seconds": round(seconds, 1), "audited": report.audited}


def recovery(directory: Path, url: str | None, tenant: str, kills: int) -> dict[str, Any]:
    """Seconds to open after kill -9 of a writer, against a clean opening, turn by turn."""
    clean, after = [], []
    for number in range(kills):
        clean.append(_opening(directory, url))
        _kill_a_writer(directory, url, tenant, f"killed {number}")
        after.append(_opening(directory, url))
    return {
        "database": "sqlite" if url is None else "postgresql",
        "kills": kills,
        "recovery_seconds": round(statistics.median(after), 4),
        "clean_seconds": round(statistics.median(clean), 4),
        "ratio": round(statistics.median(after) / statistics.median(clean), 2),
    }


def _opening(directory: Path, url: str | None) -> float:
    start = time.perf_counter()
    with open_registry(directory, kek=KEK, database_url=url):
        return time.perf_counter() - start


def _kill_a_writer(directory: Path, url: str | None, tenant: str, name: str) -> None:
    child = os.fork()
    if child == 0:
        with open_registry(directory, kek=KEK, database_url=url) as store:
            _write_and_die(store, tenant, name)
    os.waitpid(child, 0)


def _write_and_die(store: Store, tenant: str, name: str) -> None:
    """A hundred units, then the next one is cut off in the middle of its transaction."""
    for number in range(100):
        with store.unit() as registry:
            registry.enroll_device(tenant, f"{name} {number}", helper_data=b"h", identity="ab" * 32, codeword_key=KEK)
    with store.unit() as registry:
        registry.enroll_devices(tenant, [new_device(f"{name} lost {number}") for number in range(100)])
        os.kill(os.getpid(), signal.SIGKILL)

"""`python -m benchmarks.hostile`: hostile suspects against a real service over HTTP.

Each case is sent about an open case of the registry. It is *refused* when the answer is a problem document (RFC 9457)
of status 4xx that names the thing and a way out, the case is still open, and /livez answers. It is *lost* when anything
that was there before is gone or changed: the case, the log's size, the verdict of a case decided before. At the end the
open case is decided by honest answers, and the log is audited.

Example:
    python -m benchmarks.hostile --json hostile.json
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from api.client import Client
from benchmarks.hostile import endpoints, files, models, tables, world
from benchmarks.hostile.case import Hostile
from benchmarks.hostile.server import Misbehaving
from registry.store import open_registry

_START = 60.0
_INTERNAL = "/problems/internal"


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """The service and what must stay as it is.

    Attributes:
        web: a client with the token.
        case: the open case that everything is sent about.
        decided: another case, and its verdict.
        size: of the log.
    """

    web: httpx2.Client = field(repr=False)
    case: str
    decided: str
    verdict: dict[str, Any] = field(repr=False)
    size: int

    def refused(self, hostile: Hostile) -> str | None:
        """None when the case is refused as it should be, else what was wrong."""
        try:
            answer = hostile.send(self.web, self.case)
        except httpx2.HTTPError as error:
            return f"no answer: {type(error).__name__} {error}"
        if not 400 <= answer.status_code < 500 or "problem+json" not in answer.headers.get("content-type", ""):
            return f"status {answer.status_code}: {answer.text[:300]}"
        problem = answer.json()
        said = problem["type"] + " " + problem["detail"]
        if not any(name in said for name in hostile.names):
            return f"says {said[:300]}, not {hostile.names}"
        if len(problem["detail"]) < 20 or not problem["way_out"]:
            return f"says too little: {said}"
        return None if self.web.get("/livez").status_code == 200 else "/livez does not answer"

    def lost(self) -> str | None:
        """None when everything is still there, else what is not."""
        found = self.web.get(f"/v1/cases/{self.case}")
        if found.status_code != 200 or found.json()["decided"]:
            return "the open case"
        if self.web.get("/v1/log/checkpoint").json()["size"] != self.size:
            return "the log's size"
        verdict = self.web.get(f"/v1/cases/{self.decided}/verdict").json()
        return None if verdict == self.verdict else "the verdict"


def main() -> int:
    """Exit code: 0 all refused and nothing lost, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the table")
    parser.add_argument("--only", help="only adapters whose name holds this")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        made = world.make(data)
        (data / "architectures").mkdir()
        (data / "architectures" / "student.json").write_text(json.dumps(models.ARCHITECTURE))
        with _misbehaving(endpoints.ALLOWED, made) as outside, _misbehaving(endpoints.INSIDE, made) as inside:
            port, within = outside.server_address[1], inside.server_address[1]
            base = f"http://{endpoints.ALLOWED}:{port}"
            cases = [*files.every(), *tables.every(), *models.every(), *endpoints.every(base, port, within)]
            cases = [case for case in cases if chosen.only is None or chosen.only in case.adapter]
            with _service(data, made.token) as web:
                rows, failures, named = _attack(web, made, cases)
            reached = inside.asked
        with open_registry(data) as store:
            store.audit()
    result = {
        "benchmark": "hostile",
        "rows": rows,
        "failures": failures,
        "inside_reached": reached,
        "named_after": named,
    }
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        print(f"{row['adapter']:<28}{row['tried']:>5} tried{row['refused']:>5} refused{row['lost']:>5} lost")
    for failure in failures:
        print(failure)
    print(f"{sum(row['tried'] for row in rows)} cases; addresses inside were reached {reached} times")
    return int(bool(failures) or reached > 0 or not named)


def _attack(
    web: httpx2.Client, made: world.World, cases: list[Hostile]
) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """Rows by adapter, what went wrong, and whom honest answers name afterwards."""
    client = Client(str(web.base_url), token=made.token, http=web)
    answers = client.probes(client.open_case(world.RELEASE, suspect="before").id) @ made.weight.T + made.bias
    decided = client.open_case(world.RELEASE, suspect="before").id
    client.send_outputs(decided, answers, kind="logits")
    attacked = Attacked(
        web=web,
        case=client.open_case(world.RELEASE, suspect="org/hostile").id,
        decided=decided,
        verdict=client.verdict(decided).model_dump(mode="json"),
        size=client.checkpoint().size,
    )
    tried, refused, lost, failures = Counter[str](), Counter[str](), Counter[str](), []
    for hostile in cases:
        tried[hostile.adapter] += 1
        wrong, gone = attacked.refused(hostile), attacked.lost()
        refused[hostile.adapter] += wrong is None
        lost[hostile.adapter] += gone is not None
        failures += [f"{hostile.adapter}, {hostile.name}: {said}" for said in (wrong, gone and f"lost {gone}") if said]
        print(f"\r{sum(tried.values()):>4} of {len(cases)} {hostile.adapter:<30}", end="", file=sys.stderr, flush=True)
    named = client.send_outputs(attacked.case, answers, kind="logits").named
    rows = [{"adapter": name, "tried": tried[name], "refused": refused[name], "lost": lost[name]} for name in tried]
    return rows, failures, named


@contextmanager
def _misbehaving(host: str, made: world.World) -> Iterator[Misbehaving]:
    with Misbehaving(host, made) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@contextmanager
def _service(data: Path, token: str) -> Iterator[httpx2.Client]:
    """The service in a process of its own, and a client of it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (data.parent / "log").open("wb")
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.hostile.service", str(data), str(port)], stderr=log)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120.0) as web:
        try:
            ends = time.monotonic() + _START
            while not _lives(web):
                if process.poll() is not None or time.monotonic() > ends:
                    raise RuntimeError((data.parent / "log").read_text())
                time.sleep(0.1)
            yield web
        finally:
            process.terminate()
            process.wait(timeout=30)
            log.close()


def _lives(web: httpx2.Client) -> bool:
    try:
        return web.get("/livez").status_code == 200
    except httpx2.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())

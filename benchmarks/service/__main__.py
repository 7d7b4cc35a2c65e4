"""`python -m benchmarks.service --json FILE`: a real service, timed and overloaded.

A registry is filled with 10^5 devices and a copy for each; the release has 10,000 probes over 10 classes. Clients on
this machine upload a file of logits for a case and wait for the verdict. Then ten times as many clients as the service
has places for verifications upload at once, each sending once and never again. The share of the mathematics is the
processor time of evidence and identification, run alone over what lies in memory, against that of the whole service
for one verification.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.service import measuring
from benchmarks.service.server import serving
from benchmarks.service.world import CLASSES, PROBES, answers, as_npz, make, open_cases

DEVICES, VERIFICATIONS, OVERLOADING = 100_000, 200, 640


def main() -> int:
    """Exit code: 0 nothing was lost and nothing broke, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--devices", type=int, default=DEVICES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        numbers = measure(Path(place) / "data", given.devices, VERIFICATIONS, OVERLOADING)
    given.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(numbers, indent=1))
    return int(bool(wrong(numbers)))


def measure(data: Path, devices: int, verifications: int, overloading: int) -> dict[str, Any]:
    """Everything."""
    world, body = make(data, devices), as_npz(answers(0))
    cases = open_cases(world, 1 + verifications + overloading + 1)
    with serving(world) as served:
        found = measuring.verifications(served, cases[: 1 + verifications], body)
        found["mathematics_seconds"] = measuring.mathematics(world)
        found["mathematics_share"] = found["mathematics_seconds"] / found["processor_seconds"]
        beyond = measuring.overload(served, cases[1 + verifications :], body)
    return {
        "probes": PROBES,
        "classes": CLASSES,
        "devices": devices,
        "machine": {"processors": os.cpu_count(), "load": os.getloadavg()[0]},
        "verification": found,
        "overload": beyond,
    }


def wrong(numbers: dict[str, Any]) -> list[str]:
    """What is not as it must be beyond capacity."""
    beyond = numbers["overload"]
    laws = {
        "an answer other than a verdict, 429 or 503": set(beyond["answers"]) <= {"201", "429", "503"},
        "a case that had its verdict said is lost": beyond["lost"] == 0,
        "a refused case is decided": beyond["decided_unsaid"] == 0,
        "the service does not answer afterwards": beyond["afterwards"] == "201",
    }
    return [law for law, holds in laws.items() if not holds]


if __name__ == "__main__":
    sys.exit(main())

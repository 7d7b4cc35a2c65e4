"""`python -m benchmarks.puf --json FILE [--pypuf PYTHON]`: all measurements, under four minutes on two cores."""

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from benchmarks.puf import peers, quality, speed
from fingerprint.extractor import POLAR_128, PROFILE, PROFILES
from fingerprint.extractor.leakage import leakage


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.puf", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    parser.add_argument(
        "--pypuf", type=Path, default=Path(sys.executable), help="an interpreter that can import pypuf (GPL-3)"
    )
    given = parser.parse_args()
    start = time.perf_counter()
    numbers = {
        "machine": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
        "xor_arbiter_against_pypuf": _told("pypuf", peers.against_pypuf(given.pypuf)),
        "bch_against_galois": _told("galois", peers.against_galois()),
        "evaluations": _told("evaluations", speed.evaluations()),
        "decoders": _told("decoders", speed.decoders()),
        "keys": _told("keys", speed.keys()),
        "profiles": [_profile(name) for name in PROFILES],
        "failures": _told("failures", quality.failures()),
        "checks": _told("checks", quality.checks()),
        "environments": _told("environments", [*quality.environments(PROFILE), *quality.environments(POLAR_128)]),
        "attacks": _told("attacks", quality.attacks()),
    }
    numbers["seconds"] = round(time.perf_counter() - start, 1)
    given.json.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {given.json} after {numbers['seconds']} s")


def _profile(name: str) -> dict[str, object]:
    profile = PROFILES[name]
    report = leakage(profile)
    return {
        "profile": profile.name,
        "id": name,
        "key_bits": profile.bits,
        "cells": profile.cells,
        "response_bits": profile.code.n,
        "told": report.told,
        "left": report.left,
    }


def _told(name: str, value: Any) -> Any:
    print(name, json.dumps(value, ensure_ascii=False), flush=True)
    return value


if __name__ == "__main__":
    main()

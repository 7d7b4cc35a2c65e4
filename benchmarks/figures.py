"""Put measured figures into the documents: `python -m benchmarks.figures` (or `--check`).

A document says `<!-- figures: NAME -->` ... `<!-- end -->`; between the two stands a table made from
docs/measured/NAME.json, a file that a benchmark wrote. No figure is typed by hand.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.accuser.figures import accuser
from benchmarks.coalition.figures import coalition
from benchmarks.faults.figures import faults
from benchmarks.hostile.figures import hostile
from benchmarks.mint_figures import mint
from benchmarks.objectives.figures import objectives
from benchmarks.overhead.figures import overhead
from benchmarks.planner.figures import planner
from benchmarks.puf.figures import puf, puf_fit, puf_short
from benchmarks.registry.figures import registry_appends, registry_audits, registry_proofs
from benchmarks.resume.figures import resume
from benchmarks.scale.figures import scale
from benchmarks.service.figures import service
from benchmarks.statistics_figures import false_accusation, identify
from benchmarks.survival.figures import curve, peers, peers_curve, plans, survival
from benchmarks.weights.figures import weights

ROOT = Path(__file__).parent.parent
MEASURED = ROOT / "docs" / "measured"
_BLOCK = re.compile(r"(<!-- figures: (?P<name>[a-z_]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def table(headings: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def probability(p: float) -> str:
    """Two digits, or a power of ten when it is small."""
    return f"{p:.0e}" if p < 0.01 else f"{p:.2f}"


def demo(numbers: dict[str, Any]) -> str:
    """The verdicts of the demonstration."""
    rows = [
        [
            row["name"],
            row["kind"],
            ", ".join(row["true_devices"]) or "nobody",
            ", ".join(sorted(row["named_devices"])) or "unknown source",
            f"{100 * row['accuracy']:.1f} %",
            f"{row['score']:.1f}",
            probability(row["family_wise_p"]),
        ]
        for row in numbers["suspects"]
    ]
    head = ["suspect", "answers", "really from", "named", "accuracy", "t", "family-wise p"]
    cost = f"{-numbers['accuracy_cost_points']:+.2f} points of accuracy"
    return table(head, rows) + (
        f"\nThreshold t = {numbers['threshold']:.2f} at alpha = {numbers['suspects'][0]['alpha']:.0e} among"
        f" {numbers['devices']} devices. Signed copies: {cost} against clean students"
        f" ({100 * numbers['clean_accuracy']:.1f} %).\n"
    )


def scores(numbers: dict[str, Any]) -> str:
    """Score of the copy's own device by estimate and by pool, log-probabilities first, then labels alone."""
    shown = numbers["pools"]
    rows = [
        [
            row["method"],
            row["attack"],
            *(f"{row['logits'][name]:.1f}" for name in shown),
            *(f"{row['labels'][name]:.1f}" for name in numbers["label_pools"]),
        ]
        for row in numbers["rows"]
    ]
    return table(["copy", "attack", *shown, *(f"labels: {name}" for name in numbers["label_pools"])], rows)


RENDER: dict[str, Callable[[Any], str]] = {
    "demo": demo,
    "scores": scores,
    "puf": puf,
    "puf_fit": puf_fit,
    "puf_short": puf_short,
    "coalition": coalition,
    "weights": weights,
    "mint": mint,
    "survival": survival,
    "survival_curve": curve,
    "peers": peers,
    "survival_plain": plans,
    "peers_curve": peers_curve,
    "false_accusation": false_accusation,
    "identify": identify,
    "hostile": hostile,
    "planner": planner,
    "objectives": objectives,
    "overhead": overhead,
    "accuser": accuser,
    "registry_appends": registry_appends,
    "registry_proofs": registry_proofs,
    "registry_audits": registry_audits,
    "faults": faults,
    "scale": scale,
    "resume": resume,
    "service": service,
}
SOURCE = {
    "survival_curve": "survival",
    "peers": "survival",
    "peers_curve": "survival",
    "registry_appends": "registry",
    "registry_proofs": "registry",
    "registry_audits": "registry",
}  # tables that share another's file


def fill(text: str) -> str:
    """The document with every block made anew from its file."""

    def block(found: re.Match[str]) -> str:
        name = found["name"]
        numbers = json.loads((MEASURED / f"{SOURCE.get(name, name)}.json").read_text(encoding="utf-8"))
        return f"{found[1]}{RENDER[name](numbers)}{found[4]}"

    return _BLOCK.sub(block, text)


def documents() -> list[Path]:
    """README.md and everything in docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def main() -> int:
    """Fill the documents in; with --check, only say which are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a document is stale")
    check = parser.parse_args().check
    texts = {path: path.read_text(encoding="utf-8") for path in documents()}
    stale = {path: filled for path, text in texts.items() if (filled := fill(text)) != text}
    for path, text in stale.items():
        print(f"{'stale' if check else 'filled'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())

"""Tables for docs/coalitions.md from the JSON that `python -m benchmarks.coalition` wrote."""

from typing import Any

from benchmarks.coalition.report import grouped
from fingerprint.tracing import CATALOGUE


def coalition(numbers: dict[str, Any]) -> str:
    """Members named by every score, and up to which size."""
    head = ["codewords", "copies", "mixed by", "K", "accuracy", "answers", *CATALOGUE]
    rows = [
        [key[0], key[1], key[2], str(key[3]), f"{100 * next(iter(by.values()))['accuracy']:.1f} %", key[4]]
        + [_cell(by[name]) for name in CATALOGUE]
        for key, by in grouped(numbers["rows"]).items()
    ]
    wrong = sum(row["innocents_named"] for row in numbers["rows"])
    note = (
        f"\nMembers named of K (family-wise p of the surest one) at alpha = {numbers['alpha']:.0e} among a declared"
        f" {numbers['tests']:,} devices, {numbers['devices']:,} of them with codewords of their own;"
        f" L = {numbers['bits']} bits, strength {numbers['strength']}, {numbers['probes']:,} probes, clean students"
        f" {100 * numbers['clean_accuracy']:.1f} %. Innocents named in {len(numbers['rows'])} verdicts: {wrong}.\n"
    )
    limits = [[*(str(row[name]) for name in _KEYS), str(row["names_up_to"]), _fails(row)] for row in numbers["limits"]]
    return (
        _table(head, rows)
        + note
        + "\nUp to which K somebody is named, and the first size tried at which nobody is:\n\n"
        + _table([*("mixed by" if name == "attack" else name for name in _KEYS), "named up to", "fails at"], limits)
    )


_KEYS = ("bias", "method", "attack", "observation", "score")


def _fails(row: dict[str, Any]) -> str:
    return str(row["fails_at"]) if row["fails_at"] else "not reached"


def _cell(row: dict[str, Any]) -> str:
    return f"{row['members_named']} ({row['family_wise_p']:.0e})"


def _table(headings: list[str], rows: list[list[str]]) -> str:
    return "".join("| " + " | ".join(line) + " |\n" for line in [headings, ["---"] * len(headings), *rows])

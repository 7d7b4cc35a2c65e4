"""The survival table for the documents."""

from typing import Any

from fingerprint.schemes import DEFAULT

SHOWN = ("logits", "probs", "top3", "labels")


def survival(numbers: dict[str, Any]) -> str:
    """One row per method and attack: accuracy, what the same labels give from scratch, score by form of answer."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in _of(numbers["rows"], DEFAULT):
        rows.setdefault((row["method"], row["attack"]), {})[row["observation"]] = row
    head = ["copy", "attack", "accuracy", "from scratch", *SHOWN]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_line(method, attack, seen)) + " |" for (method, attack), seen in rows.items()]
    clean = f"{100 * numbers['rows'][0]['clean_accuracy']:.1f} %"
    named = f"Bold: named among {numbers['devices']:,} devices at alpha {numbers['alpha']:.0e}."
    return "\n".join(lines) + f"\n\n{named} Clean students: {clean}.\n"


def curve(numbers: dict[str, Any]) -> str:
    """Strength against accuracy and key recovery."""
    head = ["copy", "strength", "copies", "accuracy cost, points", "t", "bit error rate", "not named"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in _of(numbers["trade_off"], DEFAULT):
        cost = f"{100 * (row['clean_accuracy'] - row['accuracy']):+.2f}"
        cells = [row["method"], row["strength"], row["copies"], cost, f"{row['score']:.1f}", f"{row['ber']:.3f}"]
        lines.append("| " + " | ".join(map(str, [*cells, f"{row['not_named']:.2f}"])) + " |")
    return "\n".join(lines) + "\n"


def _of(rows: list[dict[str, Any]], scheme: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["scheme"] == scheme]


def _line(method: str, attack: str, seen: dict[str, dict[str, Any]]) -> list[str]:
    first = next(iter(seen.values()))
    scratch = f"{100 * first['scratch_accuracy']:.1f} %" if "scratch_accuracy" in first else ""
    return [method, attack, f"{100 * first['accuracy']:.1f} %", scratch, *(_cell(seen.get(form)) for form in SHOWN)]


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    named = row["named_correctly"] and row["attack"] not in ("clean", "independent")
    return f"**{row['score']:.1f}**" if named else f"{row['score']:.1f}"

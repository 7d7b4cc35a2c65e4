"""The survival table for the documents."""

import json
from pathlib import Path
from typing import Any

from fingerprint.schemes import DEFAULT

PRESENT = Path(__file__).parents[2] / "docs" / "measured" / "survival.json"
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
    spent = f"All schemes: {numbers['processor_seconds'] / 60:.0f} processor minutes."
    return "\n".join(lines) + f"\n\n{named} Clean students: {clean}. {spent}\n"


def curve(numbers: dict[str, Any]) -> str:
    """Strength against accuracy and key recovery."""
    head = ["copy", "strength", "copies", "accuracy cost, points", "t", "bit error rate", "not named"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in _of(numbers["trade_off"], DEFAULT):
        cells = [row["method"], row["strength"], row["copies"], _cost(row), f"{row['score']:.1f}", _share(row["ber"])]
        lines.append("| " + " | ".join(map(str, [*cells, f"{row['not_named']:.2f}"])) + " |")
    return "\n".join(lines) + "\n"


def plans(plain: dict[str, Any]) -> str:
    """Scores under the plain plan (images alone, 32 components) and under the present one.

    Args:
        plain: what the plain plan gave; the present one is read from beside it.
    """
    present = json.loads(PRESENT.read_text(encoding="utf-8"))
    was, now = (
        {(r["method"], r["attack"], r["observation"]): r for r in _of(numbers["rows"], DEFAULT)}
        for numbers in (plain, present)
    )
    forms = ("logits", "labels")
    head = ["copy", "attack", *(f"{form}, {plan}" for form in forms for plan in ("plain", "now"))]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for method, attack in dict.fromkeys((key[0], key[1]) for key in now if key[2] == "labels"):
        cells = [_cell(table.get((method, attack, form))) for form in forms for table in (was, now)]
        if any("**" in cell for cell in cells):
            lines.append("| " + " | ".join([method, attack, *cells]) + " |")
    return "\n".join(lines) + "\n"


def peers(numbers: dict[str, Any]) -> str:
    """Distilled copies of the three schemes at one strength, from the same attacks, answering probabilities."""
    found = {(row["scheme"], row["attack"]): row for row in numbers["rows"] if _compared(row)}
    attacks = [row["attack"] for row in found.values() if row["scheme"] == "static"]
    schemes = (DEFAULT, "static", "cosine")
    head = ["attack", *(f"{s}: p" for s in schemes), *(f"{s}: bit errors" for s in schemes[:2]), "static: frame error"]
    lines = ["| " + " | ".join([*head, "paper's rule of cosine accuses"]) + " |", "|" + " --- |" * (len(head) + 1)]
    for attack in dict.fromkeys(attacks):
        row = [found[scheme, attack] for scheme in schemes]
        errors = [_share(one["ber"]) for one in row[:2]] + [_share(row[1]["fer"])]
        rule = "yes" if row[2]["paper_rule_accuses"] else "no"
        lines.append("| " + " | ".join([attack, *map(_small, row), *errors, rule]) + " |")
    cost = ", ".join(f"{s} {100 * (found[s, 'none']['accuracy']):.1f} %" for s in schemes)
    clean = f"{100 * found[DEFAULT, 'none']['clean_accuracy']:.1f} %"
    note = (
        f"Family-wise p among {numbers['devices']:,} devices, bold where the device is named. Untouched copies: {cost};"
    )
    return "\n".join(lines) + f"\n\n{note} clean students {clean}.\n"


def peers_curve(numbers: dict[str, Any]) -> str:
    """Strength against accuracy and key recovery, all schemes, one distilled copy each."""
    head = ["strength", "scheme", "accuracy cost, points", "score", "of at most", "bit errors", "frame error", "named"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    rows = [row for row in numbers["trade_off"] if row["method"] == "distilled"]
    for row in sorted(rows, key=lambda row: row["strength"]):
        most = "no limit" if row["max_score"] is None else f"{row['max_score']:.1f}"
        scores = [f"{row['score']:.1f}", most, _share(row["ber"]), _share(row["fer"])]
        named = "no" if row["not_named"] else "yes"
        lines.append("| " + " | ".join([f"{row['strength']}", row["scheme"], _cost(row), *scores, named]) + " |")
    return "\n".join(lines) + "\n"


def _compared(row: dict[str, Any]) -> bool:
    """Probabilities where the attack answers them, else what stands in their place."""
    asked = {"top 3": "top3"}.get(row["attack"], "probs")
    return row["method"] == "distilled" and row["observation"] == asked


def _cost(row: dict[str, Any]) -> str:
    return f"{100 * (row['clean_accuracy'] - row['accuracy']):+.2f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _small(row: dict[str, Any]) -> str:
    p = row["family_wise_p"]
    text = f"{p:.0e}" if p < 0.01 else f"{p:.2f}"
    return f"**{text}**" if row["named_correctly"] and row["attack"] not in ("clean", "independent") else text


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

"""The table as text, and up to which size somebody is named."""

from typing import Any

from fingerprint.tracing import CATALOGUE

Row = dict[str, Any]


def text(result: dict[str, Any]) -> str:
    """One line per suspect and form of answer: members named of K by each score."""
    head = f"{'codewords':10}{'copies':11}{'attack':28}{'K':>3}{'acc':>8}  {'answers':10}" + "".join(
        f"{name:>16}" for name in CATALOGUE
    )
    lines = [head, "-" * len(head)]
    for key, rows in grouped(result["rows"]).items():
        cells = "".join(f"{_cell(rows[name]):>16}" for name in CATALOGUE)
        first = next(iter(rows.values()))
        lines.append(f"{key[0]:10}{key[1]:11}{key[2]:28}{key[3]:3}{first['accuracy']:8.4f}  {key[4]:10}{cells}")
    lines += ["", "members named (family-wise p of the best member); ! innocents named", ""]
    for limit in result["limits"]:
        upto, fails = limit["names_up_to"], limit["fails_at"]
        what = f"{limit['bias']}, {limit['method']}, {limit['attack']}, {limit['observation']}, {limit['score']}"
        lines.append(f"{what}: somebody named up to K = {upto}, fails at {fails or 'no size tried'}")
    return "\n".join(lines)


def grouped(rows: list[Row]) -> dict[tuple[Any, ...], dict[str, Row]]:
    """Rows by suspect and form of answer, then by score."""
    found: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("bias", "method", "attack", "size", "observation"))
        found.setdefault(key, {})[row["score"]] = row
    return found


def limits(rows: list[Row]) -> list[Row]:
    """For every attack tried at three sizes or more: up to which K nothing failed, and the first that did."""
    lines: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = tuple(str(row[name]) for name in ("bias", "method", "attack", "observation", "score"))
        lines.setdefault(key, []).append(row)
    return [_limit(key, tried) for key, tried in lines.items() if len(tried) > 2]


def _limit(key: tuple[str, ...], tried: list[Row]) -> Row:
    failed = [row["size"] for row in tried if not row["members_named"] or row["innocents_named"]]
    first = min(failed, default=None)
    fine = [row["size"] for row in tried if first is None or row["size"] < first]
    names = ("bias", "method", "attack", "observation", "score")
    return {**dict(zip(names, key, strict=True)), "names_up_to": max(fine, default=0), "fails_at": first}


def _cell(row: Row) -> str:
    wrong = "!" * bool(row["innocents_named"])
    return f"{row['members_named']}{wrong} ({row['family_wise_p']:.0e})"

"""Tables for docs/puf.md from the JSON that `python -m benchmarks.puf` wrote."""

from typing import Any

Rows = list[list[str]]


def puf(numbers: dict[str, Any]) -> str:
    """All tables, each under its heading."""
    parts = (
        ("Profiles", _profiles(numbers)),
        ("Failure of the key", _failures(numbers)),
        ("Analytic rates against importance sampling", _checks(numbers)),
        ("Keys elsewhere than where they were enrolled", _environments(numbers)),
        ("Modelling attack", _attacks(numbers)),
        ("Speed", _speed(numbers)),
    )
    made = numbers["machine"]
    note = f"Python {made['python']}, numpy {made['numpy']}, one thread, {numbers['seconds']:.0f} s for everything.\n"
    return "".join(f"\n### {heading}\n\n{text}" for heading, text in parts) + "\n" + note


def _table(headings: list[str], rows: Rows) -> str:
    return "".join("| " + " | ".join(line) + " |\n" for line in [headings, ["---"] * len(headings), *rows])


def _profiles(numbers: dict[str, Any]) -> str:
    at = {row["profile"]: row for row in numbers["failures"] if row["error"] == 0.15}
    rows = [
        [
            p["profile"],
            str(p["key_bits"]),
            str(p["cells"]),
            str(p["response_bits"]),
            str(p["told"]),
            f"{p['left']:.1f}",
            f"{at[p['profile']]['bound']:.1e}",
        ]
        for p in numbers["profiles"]
    ]
    head = ["profile", "key bits", "cells read", "response bits", "bits told by the offset", "bits left",
            "failure at 15 %, proven at most"]  # fmt: skip
    return _table(head, rows)


def _failures(numbers: dict[str, Any]) -> str:
    rows = [
        [r["profile"], f"{r['error']:.0%}", f"{r['bound']:.1e}", _interval(r), str(r["words"])]
        for r in numbers["failures"]
    ]
    head = ["profile", "bit error rate", "at most (bound)", "counted (95 % interval)", "words"]
    return _table(head, rows)


def _checks(numbers: dict[str, Any]) -> str:
    rows = [
        [r["code"], f"{r['error']:.0%}", f"{r['analytic']:.2e} ({r['kind']})", _interval(r), str(r["failures"])]
        for r in numbers["checks"]
    ]
    return _table(["code", "bit error rate", "analytic", "importance sampling (95 %)", "failures seen"], rows)


def _interval(row: dict[str, Any]) -> str:
    if not row["failures"]:
        return f"none, under {row['high']:.1e}"
    return f"{row['probability']:.2e} ({row['low']:.1e} to {row['high']:.1e})"


def _environments(numbers: dict[str, Any]) -> str:
    rows = [
        [
            r["profile"],
            r["environment"],
            f"{r['error_all_cells']:.2%}",
            f"{r['error_selected']:.2%}",
            f"{r['keys_found']} of {r['keys_tried']}",
        ]
        for r in numbers["environments"]
    ]
    head = ["profile", "read at", "wrong bits, all cells", "wrong bits, selected cells", "keys found"]
    return _table(head, rows)


def _speed(numbers: dict[str, Any]) -> str:
    rows = [[r["puf"], f"{r['per_second']:.1e} {r['unit']}/s", ""] for r in numbers["evaluations"]]
    rows += [
        [f"decode {r['code']}", f"{r['per_second']:.1e} words/s", f"{r['errors']} errors"] for r in numbers["decoders"]
    ]
    for r in numbers["keys"]:
        rows.append([f"enrol, {r['profile']}", f"{r['generations']:.0f} keys/s", "one at a time, nine reads"])
        rows.append([f"reproduce, {r['profile']}", f"{r['reconstructions']:.0f} keys/s", "one at a time, one read"])
    peer, galois = numbers["xor_arbiter_against_pypuf"], numbers["bch_against_galois"]
    if peer:
        note = f"pypuf {peer['pypuf']:.1e}/s on the same challenges: {peer['ratio']:.0f} times as fast"
        rows.append(["XOR of 4 arbiters, against pypuf", f"{peer['ours']:.1e} responses/s", note])
    if galois:
        note = f"galois {galois['galois']:.0f}/s: {galois['ratio']:.0f} times as fast"
        rows.append([f"decode {galois['code']}, against galois", f"{galois['ours']:.1e} words/s", note])
    return _table(["what", "speed", "note"], rows)


def _attacks(numbers: dict[str, Any]) -> str:
    rows = [[str(r["chains"]), str(r["responses"]), f"{r['accuracy']:.1%}"] for r in numbers["attacks"]]
    return _table(["arbiter chains", "responses seen", "right on unseen challenges"], rows)


def puf_short(numbers: dict[str, Any]) -> str:
    """Where the lists of the short profile mend what plain successive cancellation cannot, and what follows at 15 %."""
    rows = [
        [
            f"{r['wrong_bits']} ({r['wrong_bits'] / numbers['response_bits']:.0%})",
            str(r["words"]),
            str(r["defeated"]),
            str(r["failed"]),
            f"{r['unmended_high']:.1e}",
        ]
        for r in numbers["strata"]
    ]
    head = ["wrong bits", "words", "first try failed", "lists failed too", "share not mended, at most (95 %)"]
    first, at, error = numbers["first_try_bound"], numbers["at"], numbers["error"]
    share = next(r["unmended_high"] for r in numbers["strata"] if r["wrong_bits"] == at)
    return _table(head, rows) + (
        f"\nAt {error:.0%} the first try fails with at most {first:.1e} (proven). {first:.1e} × {share:.1e}, and"
        f" {numbers['beyond']:.0e} for words with more than {at} wrong bits, are {numbers['high']:.1e}.\n"
    )


def puf_fit(numbers: dict[str, Any]) -> str:
    """The published histogram, the fit to it, and the fits to stand-ins that went through files."""
    was, real, made = numbers["published"], numbers["fit_of_published"], numbers["stand_ins"]
    columns: list[list[str]] = [
        [f"{was['noise']:.4f}", f"{was['error']:.3%}", "", f"{was['stable']:.2%}", _counts(was["histogram"]), ""],
        [_pm(real), "", f"{real['error_model']:.3%}", "", _counts(real["histogram_model"]), _chi(real)],
        *(
            [
                _pm(each),
                f"{each['error_observed']:.3%}",
                f"{each['error_model']:.3%}",
                f"{each['stable']:.2%}",
                _counts(each["histogram"]),
                _chi(each),
            ]
            for each in made
        ),
    ]
    names = ["λ", "mean error, counted", "mean error, arctan(λ)/π", "cells stable over 100 reads",
             "cells by share of ones, edges .005/.1/.3/.5/.7/.9/.995", "χ² / degrees of freedom"]  # fmt: skip
    rows = [[name, *(column[row] for column in columns)] for row, name in enumerate(names)]
    stand_ins = [f"stand-in {number}, from files" for number in range(1, len(made) + 1)]
    return _table(["figure", "193 chips, as published", "our fit to that histogram", *stand_ins], rows)


def _pm(fit: dict[str, Any]) -> str:
    return f"{fit['noise']:.4f} ± {fit['noise_error']:.4f}"


def _chi(fit: dict[str, Any]) -> str:
    return f"{fit['chi_square']:.1f} / {fit['degrees']}"


def _counts(bins: list[float]) -> str:
    return " ".join(f"{cells:.0f}" for cells in bins)

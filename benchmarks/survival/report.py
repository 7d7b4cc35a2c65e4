"""The table as text, and as a picture of attack against form of answer."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from distill.transforms.base import OBSERVATIONS
from fingerprint import statistics

Result = dict[str, Any]
_ORDER = ("subspace", "static", "cosine")
_CURVE = ("acc", "clean", "score", "BER", "FER")
_DARK = 0.38  # distance from the middle of the colours beyond which they are too dark for black figures
_STRONGEST = 24.0  # -log10 p beyond which all is as green


def text(result: Result) -> str:
    """One line per scheme, method and attack: accuracy and the score in every form of answer; a star where named."""
    head = f"{'scheme':10}{'method':11}{'attack':24}{'acc':>7}{'scratch':>9}" + "".join(
        f"{o:>10}" for o in OBSERVATIONS
    )
    lines = [head, "-" * len(head)]
    for key, cells in _grouped(result).items():
        first = next(iter(cells.values()))
        scratch = f"{first['scratch_accuracy']:9.4f}" if "scratch_accuracy" in first else " " * 9
        scores = "".join(_cell(cells.get(o)) for o in OBSERVATIONS)
        lines.append(f"{key[0]:10}{key[1]:11}{key[2]:24}{first['accuracy']:7.4f}{scratch}{scores}")
    lines += [
        "",
        f"{'scheme':10}{'method':11}{'strength':>9}" + "".join(f"{name:>8}" for name in _CURVE) + f"{'not named':>11}",
    ]
    lines += [
        f"{r['scheme']:10}{r['method']:11}{r['strength']:9.2f}{r['accuracy']:8.4f}{r['clean_accuracy']:8.4f}"
        f"{r['score']:8.2f}{_share(r['ber']):>8}{r['fer']:8.2f}{r['not_named']:11.2f}"
        for r in result["trade_off"]
    ]
    limit = statistics.threshold(result["alpha"], result["devices"])
    lines += [
        "",
        f"* named: family-wise p <= {result['alpha']:g} among {result['devices']} devices, score {limit:.2f} or more",
    ]
    return "\n".join(lines)


def picture(result: Result, path: Path) -> None:
    """A heat map per scheme and method: green where the device is named, red where it is not."""
    pairs = sorted({(row["scheme"], row["method"]) for row in result["rows"]}, key=lambda pair: _ORDER.index(pair[0]))
    attacks = list(dict.fromkeys(row["attack"] for row in result["rows"]))
    figure = Figure(figsize=(2.2 + 3.2 * len(pairs), 1.4 + 0.27 * len(attacks)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(pairs), sharey=True))
    for place, pair in zip(axes, pairs, strict=True):
        _panel(place, result, pair, attacks)
    figure.suptitle(
        f"What is left of the signature: {result['dataset']}, strength {result['strength']:g}.\n"
        f"Colour: family-wise p among {result['devices']:,} devices; green and bold: named at {result['alpha']:g}.\n"
        "Numbers: score (subspace t; static: bits right; cosine: signal to noise). Right: accuracy, %.",
        fontsize=8,
    )
    figure.savefig(path, dpi=150)


def _panel(axes: Axes, result: Result, pair: tuple[str, str], attacks: list[str]) -> None:
    cells = {(r["attack"], r["observation"]): r for r in result["rows"] if (r["scheme"], r["method"]) == pair}
    grid = np.full((len(attacks), len(OBSERVATIONS)), np.nan)
    for (attack, observation), row in cells.items():
        at = (attacks.index(attack), OBSERVATIONS.index(observation))
        grid[at] = min(_STRONGEST, -np.log10(max(row["family_wise_p"], 1e-300)))
    norm = TwoSlopeNorm(vmin=0, vcenter=-np.log10(result["alpha"]), vmax=_STRONGEST)
    axes.imshow(grid, cmap=mpl.colormaps["RdYlGn"], norm=norm, aspect="auto")
    for (attack, observation), row in cells.items():
        spot = (OBSERVATIONS.index(observation), attacks.index(attack))
        weight = "bold" if row["family_wise_p"] <= result["alpha"] else "normal"
        ink = "white" if abs(norm(grid[spot[::-1]]) - 0.5) > _DARK else "black"
        axes.text(*spot, f"{row['score']:.1f}", ha="center", va="center", fontsize=7, weight=weight, color=ink)
    accuracy = {attack: row["accuracy"] for (attack, _), row in cells.items()}
    axes.set_yticks(range(len(attacks)), attacks, fontsize=7)
    axes.set_xticks(range(len(OBSERVATIONS)), OBSERVATIONS, fontsize=7)
    right = axes.secondary_yaxis("right")
    right.set_yticks(
        range(len(attacks)), [f"{100 * accuracy[a]:.1f}" if a in accuracy else "" for a in attacks], fontsize=6
    )
    right.tick_params(length=0)
    axes.set_title(f"{pair[0]}, {pair[1]}", fontsize=8)


def _grouped(result: Result) -> dict[tuple[str, str, str], dict[str, Result]]:
    found: dict[tuple[str, str, str], dict[str, Result]] = {}
    for row in sorted(result["rows"], key=lambda r: (r["scheme"], r["method"])):
        found.setdefault((row["scheme"], row["method"], row["attack"]), {})[row["observation"]] = row
    return found


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _cell(row: Result | None) -> str:
    if row is None:
        return " " * 10
    return f"{row['score']:9.2f}{'*' if row['family_wise_p'] <= 1e-6 else ' '}"

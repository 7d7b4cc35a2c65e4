"""Pictures of the report, as PNG bytes; drawn without any global state of the drawing library."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binom

from fingerprint.extractor import Profile
from fingerprint.puf.analysis import Analysis

BLUE, ORANGE, GREY, GREEN = "#2b6cb0", "#dd6b20", "#718096", "#2f855a"
_RATES = (0.005, 0.02, 0.04, 0.07, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25)
_LOWEST = 1e-15


def one_probability(found: Analysis) -> bytes:
    """Cells by their share of ones, data and fitted model, on a logarithmic scale."""
    figure, axes = _empty("Share of ones over the reads of a cell", "cells")
    share = np.arange(found.fit.reads + 1) / found.fit.reads
    axes.bar(share, found.fit.observed, width=0.9 / found.fit.reads, color=BLUE, label="data")
    axes.plot(share, found.fit.expected, color=ORANGE, lw=1.6, label=f"model, λ = {found.fit.noise:.4f}")
    axes.set_yscale("log")
    axes.set_ylim(bottom=max(0.5, found.fit.expected.min() / 3))
    axes.legend(frameon=False)
    return _png(figure)


def distances(found: Analysis) -> bytes:
    """Distances within a device and between devices."""
    figure, axes = _empty("Hamming distance over the bits, %", "share of pairs, %")
    bins = np.linspace(0, 100 * max(0.6, found.between.max()), 61).tolist()
    for values, colour, label in ((found.within, GREEN, "within a device"), (found.between, BLUE, "between devices")):
        weights = np.full(len(values), 100 / len(values))
        axes.hist(100 * values, bins=bins, weights=weights, color=colour, alpha=0.85, label=label)
    axes.axvline(50, color=GREY, ls=":", lw=1)
    axes.legend(frameon=False)
    return _png(figure)


def aliasing(found: Analysis) -> bytes:
    """Bits by the share of devices in which they are 1, beside what chance alone would give."""
    devices, bits = found.metrics.devices, found.metrics.bits
    figure, axes = _empty("Share of devices in which a bit is 1", "bits")
    width = -(-(devices + 1) // 40)  # whole numbers of devices per bar, or bars would beat against them
    groups = ((np.arange(0, devices + 1 + width, width) - 0.5) / devices).tolist()
    chance = binom.pmf(np.arange(devices + 1), devices, 0.5)
    expected = np.histogram(np.arange(devices + 1) / devices, bins=groups, weights=bits * chance)[0]
    axes.hist(found.shares, bins=groups, color=BLUE, label="data")
    axes.stairs(expected, groups, color=ORANGE, lw=1.6, label="unbiased, independent bits")
    axes.legend(frameon=False)
    return _png(figure)


def key_failure(profiles: tuple[Profile, ...], error: float) -> bytes:
    """Bound of the probability that a key does not come back, by bit error rate, with the measured rate marked."""
    figure, axes = _empty("Bit error rate, %", "probability of failure, at most")
    for profile, colour in zip(profiles, (BLUE, ORANGE, GREEN), strict=False):
        bounds = [max(_LOWEST, profile.failure_bound(rate)) for rate in _RATES]
        axes.plot(100 * np.array(_RATES), bounds, color=colour, marker="o", ms=3, label=profile.name)
    axes.axhline(1e-9, color=GREY, ls=":", lw=1)
    axes.axvline(100 * error, color="black", ls="--", lw=1, label=f"measured: {100 * error:.2f} %")
    axes.set_yscale("log")
    axes.set_ylim(_LOWEST, 2)
    axes.legend(frameon=False, loc="lower right")
    return _png(figure)


def _empty(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, 3.6), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()

"""The fit to ring oscillators, through files: `python -m benchmarks.puf.fit --json FILE`, about two minutes.

1. The fitter on the published histogram itself (Maiti et al., HOST 2010; cells by share of ones): the only measured
   data here. The data set has no licence, so its files are not used.
2. Stand-ins: 193 simulated chips of 512 oscillators and 100 samples with the published parameters, written as CSV files
   in the published format, read back by the directory loader of `countermark puf report`, paired and fitted.
"""

import argparse
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from api.puf_report.reading import read_directory
from fingerprint.puf import RingOscillatorPuf, RingParameters
from fingerprint.puf.fit import count_distribution, fit_data

CHIPS, OSCILLATORS, SAMPLES, STAND_INS = 193, 512, 100, 3
#: Cells by number of ones among 100 samples: what was published, and the model of the same analysis.
EDGES = ((1, 10), (10, 30), (30, 50), (50, 70), (70, 90), (90, 100))
PUBLISHED = {"noise": 0.0262, "error": 0.00834, "stable": 0.9475, "histogram": [610, 403, 295, 253, 379, 656]}
_LOW, _HIGH = math.log(0.001), math.log(1.0)
_STEP = 0.02


def binned(distribution: NDArray[np.float64]) -> NDArray[np.float64]:
    """The bins of `EDGES`, then the cells that never change."""
    inside = [distribution[low:high].sum() for low, high in EDGES]
    return np.array([*inside, distribution[0] + distribution[-1]])


def fit_published() -> dict[str, Any]:
    """lambda from the published histogram by maximum likelihood over its bins, with its standard error."""
    cells = CHIPS * OSCILLATORS // 2
    seen = np.array([*PUBLISHED["histogram"], cells - sum(PUBLISHED["histogram"])], dtype=np.float64)

    def loss(log_noise: float) -> float:
        return -float(seen @ np.log(binned(count_distribution(SAMPLES, noise=math.exp(log_noise)))))

    at = float(minimize_scalar(loss, bounds=(_LOW, _HIGH), method="bounded", options={"xatol": 1e-7}).x)
    curve = (loss(at + _STEP) + loss(at - _STEP) - 2 * loss(at)) / _STEP**2
    expected = cells * binned(count_distribution(SAMPLES, noise=math.exp(at)))
    return {
        "noise": math.exp(at),
        "noise_error": math.exp(at) / math.sqrt(curve),
        "error_model": math.atan(math.exp(at)) / math.pi,
        "histogram_model": expected[:-1].tolist(),
        "chi_square": float(((seen - expected) ** 2 / expected).sum()),
        "degrees": len(seen) - 2,
    }


def write_chips(folder: Path, *words: str | int) -> None:
    """CSV files in the published format: a row per oscillator, a column per sample, hertz, a comma after the last."""
    made = RingOscillatorPuf.manufacture(
        "stand-in", *words, oscillators=OSCILLATORS, devices=CHIPS, parameters=RingParameters(design=0, gradient=0)
    )
    hertz = made.measure(np.random.default_rng([9, *(int(word) for word in words)]), reads=SAMPLES)
    for number, chip in enumerate(hertz, start=1):
        rows = "".join(",".join(map("{:.0f}".format, row)) + ",\n" for row in chip.T)
        (folder / f"chip_formatted_{number}.csv").write_text(rows, encoding="ascii")


def fit_files(number: int) -> dict[str, Any]:
    """One stand-in through files, loader and fitter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_chips(folder, number)
        size = sum(file.stat().st_size for file in folder.iterdir())
        _, responses = read_directory(folder, pairs="disjoint")
    found = fit_data(responses)
    return {
        "devices": len(responses),
        "bits": responses.shape[2],
        "reads": found.reads,
        "bytes": size,
        "noise": found.noise,
        "noise_error": found.noise_error,
        "error_observed": found.error_observed,
        "error_model": found.mean_error,
        "stable": found.stable_observed,
        "histogram": binned(found.observed)[:-1].tolist(),
        "histogram_model": binned(found.expected)[:-1].tolist(),
        "chi_square": found.chi_square,
        "degrees": found.degrees,
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.puf.fit", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    given = parser.parse_args()
    stand_ins = [fit_files(number) for number in range(1, STAND_INS + 1)]
    numbers = {"published": PUBLISHED, "fit_of_published": fit_published(), "stand_ins": stand_ins}
    given.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main()

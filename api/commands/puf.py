"""`countermark puf`: analyse measured or simulated PUFs, list key profiles, try the modelling attack."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from api.commands import files
from api.commands.output import AsJson, show_fields, show_json, show_table
from api.puf_report import figures, page, read_directory
from fingerprint import seeds
from fingerprint.extractor import PROFILES
from fingerprint.extractor.leakage import leakage
from fingerprint.puf import ArbiterPuf, DelayParameters, RingOscillatorPuf, RingParameters, SramParameters, SramPuf
from fingerprint.puf.analysis import analyse
from fingerprint.puf.challenges import random
from fingerprint.puf.modelling import learn

app = typer.Typer(
    help="Measure PUFs: reliability, uniqueness, entropy, key failure, from read-outs or simulated chips.",
    no_args_is_help=True,
)
_RATES = (0.05, 0.10, 0.15, 0.20)


class Kind(StrEnum):
    """Kinds of PUF whose read-outs can be simulated."""

    SRAM = "sram"
    RING_OSCILLATOR = "ring-oscillator"


class Pairing(StrEnum):
    """How ring oscillators are compared."""

    DISJOINT = "disjoint"
    CHAIN = "chain"
    APART = "apart"


Directory = Annotated[Path, typer.Argument(help="DIR/*.csv (one per chip), or DIR/<chip>/*.bin (one per power-up).")]
Seed = Annotated[
    str | None,
    typer.Option(help="Word that the simulated chips and their noise are drawn from; a fresh one if absent."),
]


@app.command("report", epilog="Example: countermark puf report measurements --out puf.html")
def report(
    directory: Directory,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("puf-report.html"),
    pairing: Annotated[Pairing, typer.Option(help="How ring oscillators are compared.")] = Pairing.DISJOINT,
    as_json: AsJson = False,
) -> None:
    """Analyse a directory of measured read-outs: figures with intervals, fitted model, pictures, one HTML page."""
    files.check_free(out)
    kind, responses = read_directory(directory, pairs=pairing)
    found = analyse(responses, generator=seeds.stream("puf report", "bootstrap"))
    files.write(out, page(found, kind=kind, source=directory.name).encode())
    data = figures(found, kind=kind, source=directory.name)
    if as_json:
        show_json({**data, "page": str(out)})
        return
    m, fit = found.metrics, found.fit
    rows = [
        (name, f"{estimate.value:.4f}", f"{estimate.low:.4f} to {estimate.high:.4f}")
        for name, estimate in (
            ("uniformity", m.uniformity),
            ("uniqueness", m.uniqueness),
            ("reliability", m.reliability),
            ("bit aliasing", m.aliasing),
            ("min-entropy per bit", m.min_entropy),
        )
    ]
    show_table(("figure", "estimate", "95 % interval"), rows)
    typer.echo(f"lambda {fit.noise:.4f}, error {fit.error_observed:.3%} (model {fit.error_expected:.3%}), page {out}")


@app.command("simulate", epilog="Example: countermark puf simulate measurements --kind ring-oscillator --chips 20")
def simulate(
    directory: Annotated[Path, typer.Argument(help="A new directory for the files.")],
    kind: Annotated[Kind, typer.Option(help="What to simulate.")] = Kind.RING_OSCILLATOR,
    chips: Annotated[int, typer.Option(min=2, max=1000, help="How many chips.")] = 20,
    reads: Annotated[int, typer.Option(min=2, max=1000, help="Samples or power-ups of each.")] = 20,
    cells: Annotated[int, typer.Option(min=8, max=65536, help="Oscillators, or SRAM cells (a multiple of 8).")] = 512,
    noise: Annotated[float | None, typer.Option(min=0.0, max=10.0, help="Noise over mismatch.")] = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Write read-outs of simulated chips in the format of measured ones."""
    if directory.exists():
        raise files.FileProblem(f"{directory} exists; choose a new directory")
    if kind is Kind.SRAM and cells % 8:
        raise typer.BadParameter("SRAM cells come in bytes: give a multiple of 8", param_hint="--cells")
    directory.mkdir()
    seed = seed or os.urandom(8).hex()
    generator = seeds.stream("puf simulate", seed, "noise")
    if kind is Kind.SRAM:
        sram = SramParameters() if noise is None else SramParameters(noise=noise)
        batch = SramPuf.manufacture(seed, cells=cells, devices=chips, parameters=sram)
        for chip in range(chips):
            board = directory / f"board_{chip + 1}"
            board.mkdir()
            for index, readout in enumerate(batch.chip(chip).read(generator, reads=reads), start=1):
                files.write(board / f"read_{index}.bin", np.packbits(readout).tobytes())
    else:
        ring = RingParameters() if noise is None else RingParameters(noise=noise)
        for chip in range(chips):
            one = RingOscillatorPuf.manufacture(seed, chip, oscillators=cells, parameters=ring)
            table = one.measure(generator, reads=reads).T
            text = "".join(",".join(f"{hertz:.0f}" for hertz in row) + ",\n" for row in table)
            files.write(directory / f"chip_{chip + 1}.csv", text.encode())
    show_fields(
        {"directory": str(directory), "kind": str(kind), "chips": chips, "reads": reads, "cells": cells, "seed": seed},
        as_json=as_json,
    )


@app.command("profiles", epilog="Example: countermark puf profiles --json")
def profiles(as_json: AsJson = False) -> None:
    """List the key profiles: bits used and left, and bounds of the key's failure by bit error rate."""
    rows = [
        {
            "profile": profile.id,
            "key_bits": profile.bits,
            "cells": profile.cells,
            "response_bits": profile.code.n,
            "bits_left": round(leakage(profile).left, 1),
            "failure_at_most": {f"{rate:.2f}": profile.failure_bound(rate) for rate in _RATES},
        }
        for profile in PROFILES.values()
    ]
    if as_json:
        show_json({"profiles": rows})
        return
    table = [
        (
            p.name, p.bits, p.cells, p.code.n, f"{leakage(p).left:.1f}",
            *(f"{p.failure_bound(rate):.1e}" for rate in _RATES),
        )
        for p in PROFILES.values()
    ]  # fmt: skip
    heads = ("profile", "key bits", "cells", "response", "bits left", *(f"failure {rate:.0%}" for rate in _RATES))
    show_table(heads, table)


@app.command("attack", epilog="Example: countermark puf attack --chains 2 --responses 8000")
def attack(
    chains: Annotated[int, typer.Option(min=1, max=5, help="Arbiter chains that are XORed.")] = 1,
    stages: Annotated[int, typer.Option(min=8, max=256, help="Bits of a challenge.")] = 64,
    responses: Annotated[int, typer.Option(min=10, max=1_000_000, help="Responses that the attacker sees.")] = 2000,
    noise: Annotated[float, typer.Option(min=0.0, max=1.0, help="Noise of the PUF.")] = 0.05,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Learn a simulated arbiter PUF from its responses: why device keys come from weak PUFs."""
    seed = seed or os.urandom(8).hex()
    target = ArbiterPuf.manufacture(seed, stages=stages, chains=chains, parameters=DelayParameters(noise=noise))
    generator = seeds.stream("puf attack", seed)
    seen, unseen = (random(generator, count=count, stages=stages) for count in (responses, 20_000))
    clone = learn(seen, target.respond(seen, generator), chains=chains, generator=generator)
    accuracy = float((clone.predict(unseen) == target.respond(unseen)).mean())
    fields = {"chains": chains, "stages": stages, "responses": responses, "accuracy": round(accuracy, 4), "seed": seed}
    show_fields(fields, as_json=as_json)

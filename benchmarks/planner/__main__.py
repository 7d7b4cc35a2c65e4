"""`python -m benchmarks.planner`: plan for three goals on digits, then really make each release and compare.

The check shares nothing random with the planning: another release key, other clean students, other codewords, another
thief. Teacher, data and the number of probes are the plan's. Copies of one release share its luck, so several are made.

Example:
    python -m benchmarks.planner --json planner.json
"""

import argparse
import functools
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from api.demo import digits, networks
from api.demo.model import PROBE_MIXTURES, TRANSFER_MIXTURES
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy
from distill.planner import Goal, Grid, Materials, Plan, Shadows, plan, thin
from distill.planning.result import cost
from distill.release import Prepared, Recipe, prepare_release
from distill.survival import answers
from distill.transforms import Means, attack
from fingerprint import seeds
from fingerprint.observation import observe
from fingerprint.verify import Candidates, gather, judge

Result = dict[str, Any]
GOALS = (
    Goal(attack="none", observation="logits", points=0.5),
    Goal(attack="fine-tune all", observation="logprobs", points=0.5),
    Goal(attack="hard-label extraction", observation="labels", points=0.2),
)
RELEASES, COPIES = 3, 2  # really made for every plan, and copies of each


def main() -> int:
    """Exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planner", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the figures")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    result = measure(progress=sys.stderr.isatty())
    print(json.dumps(result, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def measure(*, progress: bool) -> Result:
    """Every goal planned and checked."""
    begun = time.perf_counter()
    shop = materials()
    shadows, grid = Shadows(materials=shop, seed=("benchmarks/planner",), progress=progress), Grid()
    check = Check(materials=shop)
    rows = []
    for goal in GOALS:
        started = time.perf_counter()
        found = plan(shadows, goal, grid=grid)
        planned = time.perf_counter() - started
        rows.append({**fields(found), "planning_seconds": planned, "reached": check.reached(found)})
        print(f"{goal.attack}: {found.outcome}. {found.reason}", file=sys.stderr)
    return {
        "benchmark": "planner",
        "dataset": "digits",
        "grid": asdict(grid),
        "held_out": len(shop.held_out),
        "releases": RELEASES,
        "copies": RELEASES * COPIES,
        "rows": rows,
        "wall_seconds": time.perf_counter() - begun,
    }


def fields(found: Plan) -> Result:
    """What the plan says, as plain values."""
    goal, point = found.goal, found.point
    low, high = point.cost.interval
    return {
        "goal": {**asdict(goal), "threshold": goal.threshold},
        "outcome": found.outcome,
        "binding": found.binding,
        "reason": found.reason,
        "would_meet": None if found.would_meet is None else asdict(found.would_meet),
        "point": asdict(point),
        "family_wise_p": found.family_wise_p,
        "cost_interval": [low, high],
        "cost_shown": found.cost_shown,
        "confirmed_points": len(found.tried),
    }


def materials() -> Materials:
    """The demonstration's task."""
    data = digits.load()
    fresh = seeded(networks.teacher, "demo", "teacher")
    settings = Settings(epochs=100, batch_size=64, learning_rate=1e-3)
    taught = train(fresh, data.train, data.train_labels, CrossEntropy(), seed=("demo", "teacher"), settings=settings)
    recipe = Recipe(clean_students=3, training=Settings(epochs=40))
    key = seeds.stream("benchmarks/planner", "mixtures").bytes(32)
    mixed = functools.partial(digits.with_mixtures, of=data.train, key=key)
    thief = Means(
        inputs=mixed(data.train, TRANSFER_MIXTURES, purpose="theft"),
        labelled=data.train,
        labels=data.train_labels,
        same=networks.student,
        other=networks.thief,
        head=networks.HEAD,
        training=recipe.training,
        seed=("benchmarks/planner", "thief"),
    )
    return Materials(
        teacher=taught.model,
        features=networks.FEATURES,
        student=networks.student,
        head=networks.HEAD,
        transfer=mixed(data.train, TRANSFER_MIXTURES, purpose="transfer"),
        probes=mixed(data.test, PROBE_MIXTURES, purpose="probes"),
        held_out=data.test,
        held_out_labels=data.test_labels,
        thief=thief,
        recipe=recipe,
    )


@dataclass(frozen=True, eq=False)
class Check:
    """Makes planned releases for real; their clean students are trained once, with words the planner never used."""

    materials: Materials

    def reached(self, found: Plan) -> Result:
        """Scores and accuracy of fresh copies against what was predicted."""
        releases = [self._release(found, number) for number in range(RELEASES)]
        made = [self._copy(release, found, number, i) for number, release in enumerate(releases) for i in range(COPIES)]
        scores, models = np.array([score for score, _ in made]), tuple(model for _, model in made)
        unsigned = tuple(model for release in releases for model in release.clean)
        spent = cost(self._right(unsigned), self._right(models))
        goal = found.would_meet or found.goal
        return {
            "scores": scores.tolist(),
            "score": float(scores.mean()),
            "threshold": goal.threshold,
            "over_threshold": int((scores >= goal.threshold).sum()),
            "over_low": int((scores >= found.point.low).sum()),
            "family_wise_p": found.goal.p_at(float(scores.mean())),
            "points": spent.points,
            "standard_error": spent.standard_error,
        }

    @functools.cache  # noqa: B019 - a check lives as long as its process
    def _clean(self, number: int) -> tuple[nn.Module, ...]:
        return self._prepare(self.materials.recipe, self.materials.probes, number, None).clean

    def _release(self, found: Plan, number: int) -> Prepared:
        probes = self.materials.probes
        kept = probes[thin(len(probes), found.point.probes)]
        return self._prepare(found.recipe(self.materials.recipe), kept, number, self._clean(number))

    def _prepare(
        self, recipe: Recipe, probes: torch.Tensor, number: int, clean: tuple[nn.Module, ...] | None
    ) -> Prepared:
        given = self.materials
        return prepare_release(
            given.teacher,
            features=given.features,
            student=given.student,
            head=given.head,
            transfer=given.transfer,
            probes=probes,
            release_key=seeds.stream("benchmarks/planner", "check", "release key", number).bytes(32),
            seed=("benchmarks/planner", "check", number),
            recipe=recipe,
            clean=clean,
        )

    def _copy(self, prepared: Prepared, found: Plan, number: int, i: int) -> tuple[float, nn.Module]:
        word = seeds.signs(b"e" * 32, "enrolled", number, i, count=prepared.pack.bits)
        copy = prepared.distil(word, seed=("check", found.goal.attack, number, i)).model
        return self._score(prepared, copy, word, found.goal, COPIES * number + i), copy

    def _score(self, prepared: Prepared, copy: nn.Module, word: Any, goal: Goal, number: int) -> float:
        thief = replace(self.materials.thief, seed=("benchmarks/planner", "another thief", number))
        pack = prepared.pack
        logits = outputs.logits(attack(goal.attack).run((copy,), thief), torch.tensor(pack.probes)).numpy()
        kind, values = answers(logits.astype(np.float64), goal.observation)
        evidence = gather(pack, observe(kind, values, probes=pack.count, classes=pack.classes))
        one = Candidates(release=pack.release_id, devices=("x",), copies=("x",), codewords=word[None])
        return judge(evidence, one, tests=goal.devices).ranked[0].score

    def _right(self, models: tuple[nn.Module, ...]) -> Any:
        x, y = self.materials.held_out, self.materials.held_out_labels
        return torch.stack([outputs.logits(model, x).argmax(dim=1) == y for model in models]).double().numpy()


if __name__ == "__main__":
    sys.exit(main())

"""A policy that picks a number for two handwritten digits: six of twelve answers are rewarded, all of them alike.

Each plan starts from an untrained policy, and from one that was trained a little on rewarded answers, as a language
model is before it is reinforced. From an untrained one the teacher's ratio lies beyond TRRD's clamp at most failures;
failures then weigh more than successes, and a policy may end up giving answers of one parity whatever it is shown:
every group is rewarded alike, no advantage is left, and nothing more is learnt.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from benchmarks.objectives.judging import DEVICES, enrolled, judged
from benchmarks.objectives.trial import CLEAN, STRENGTH, Row
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import KDRL, TRRD, CrossEntropy, Objective, with_rollouts
from distill.release import Recipe, prepare_release
from distill.scores import Scores
from fingerprint import seeds

Start = Callable[[tuple[seeds.Word, ...]], nn.Module]
ACTIONS, GROUP, STEPS, BATCH, COMPONENTS = 12, 8, 800, 256, 24
WARMING = Settings(epochs=10, batch_size=64)
PLANS: dict[str, Objective] = {
    "GRPO, the control": TRRD(alpha=1.0),
    "KDRL": KDRL(),
    "TRRD, alpha 0.5": TRRD(),
    "TRRD, alpha 0.1": TRRD(alpha=0.1),
}


def states(part: str, count: int, rows: slice) -> tuple[Tensor, Tensor]:
    """Pairs of 8 x 8 digits as (n, 128) in 0..1, and the reward of every action: 1 where a + b + c is even."""
    digits = load_digits()
    images, labels = digits.data[rows] / 16, digits.target[rows]
    picks = seeds.stream("benchmarks/objectives/policies", part).integers(len(images), size=(count, 2))
    shown = np.hstack([images[picks[:, 0]], images[picks[:, 1]]]).astype(np.float32)
    sums = labels[picks].sum(axis=1)[:, None] + np.arange(ACTIONS)
    return torch.from_numpy(shown), torch.from_numpy((sums % 2 == 0).astype(np.float32))


def network(width: int) -> nn.Module:
    """Two digits to scores over twelve actions."""
    model = nn.Sequential()
    model.add_module("body", nn.Sequential(nn.Linear(128, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()))
    model.add_module("head", nn.Linear(width, ACTIONS))
    return model


def reinforced(
    fresh: nn.Module,
    shown: Tensor,
    rewards: Tensor,
    teacher: Tensor,
    objective: Objective,
    words: tuple[seeds.Word, ...],
    *,
    steps: int = STEPS,
    rate: float = 2e-3,
) -> nn.Module:
    """The policy after so many batches of groups, two steps on each."""
    draw = torch.Generator().manual_seed(seeds.number("benchmarks/objectives/policies", *words))
    optimiser = torch.optim.AdamW(fresh.parameters(), lr=rate)
    for _ in range(steps):
        batch = torch.randint(len(shown), (BATCH,), generator=draw)
        old = fresh(shown[batch]).detach()
        actions = torch.multinomial(old.softmax(dim=1), GROUP, replacement=True, generator=draw)
        targets = with_rollouts(teacher[batch], old, actions, rewards[batch].gather(1, actions))
        for _ in range(2):
            optimiser.zero_grad()
            objective(fresh(shown[batch]), targets).backward()
            optimiser.step()
    return fresh.eval()


def rows() -> Iterator[Row]:
    """Expected reward on states not seen, and the signature among what is rewarded alike."""
    (shown, rewards), (probes, _), test = (
        states(part, count, rows)
        for part, count, rows in (
            ("transfer", 6_000, slice(1_200)), ("probes", 3_000, slice(1_200)), ("test", 4_000, slice(1_200, None)),
        )
    )  # fmt: skip
    words = ("benchmarks/objectives", "policy teacher")
    right = torch.multinomial(rewards, 1, generator=torch.Generator().manual_seed(1)).flatten()
    fresh = seeded(partial(network, 192), *words)
    taught = train(fresh, shown, right, CrossEntropy(), seed=words, settings=Settings(epochs=15)).model
    plain = Scores.of(taught, shown, "body")
    for start, begin in (("", _untrained), (", warmed up", partial(_warmed, shown, right))):
        baseline: float | None = None
        for name, objective in PLANS.items():
            fit = partial(_fit, begin, shown, rewards, objective)
            row = _row(name + start, fit, taught, plain, probes, partial(_reward, test), baseline)
            baseline = row.own_metric if baseline is None else baseline
            yield row


def _untrained(words: tuple[seeds.Word, ...]) -> nn.Module:
    return seeded(partial(network, 64), "policies", *words)


def _warmed(shown: Tensor, right: Tensor, words: tuple[seeds.Word, ...]) -> nn.Module:
    """Trained on one rewarded answer of each state; no teacher, signed or not, is asked."""
    return train(_untrained(words), shown, right, CrossEntropy(), seed=("warm", *words), settings=WARMING).model


def _fit(
    begin: Start, shown: Tensor, rewards: Tensor, objective: Objective, teacher: Tensor, *words: seeds.Word
) -> nn.Module:
    return reinforced(begin(words), shown, rewards, teacher, objective, words)


def _reward(test: tuple[Tensor, Tensor], model: nn.Module) -> float:
    return float((outputs.logits(model, test[0]).softmax(dim=1) * test[1]).sum(dim=1).mean())


def _row(
    name: str,
    fit: Callable[..., nn.Module],
    taught: nn.Module,
    plain: Scores,
    probes: Tensor,
    measure: Callable[[nn.Module], float],
    baseline: float | None,
) -> Row:
    clean = tuple(fit(plain.values, name, i) for i in range(CLEAN))
    prepared = prepare_release(
        taught, features="body", student=partial(network, 64), head="head", transfer=plain.contexts, probes=probes,
        release_key=seeds.stream("benchmarks/objectives/policies", name).bytes(32), seed=("policies", name),
        recipe=Recipe(components=COMPONENTS, strength=STRENGTH, clean_students=CLEAN), clean=clean,
    )  # fmt: skip
    candidates = enrolled(prepared.pack)
    copy = fit(plain.signed(prepared.kit, candidates.codewords[0]).values, name, "copy")
    found, own = judged(prepared.pack, copy, candidates), float(np.mean([measure(model) for model in clean]))
    against = own if baseline is None else baseline
    outcome = "named, nobody else" if found.carried else "not named at alpha 1e-6"
    return Row(
        system="RLAD",
        variant=name,
        paper="2602.22495",
        claim="the baseline itself" if baseline is None else "more reward than GRPO",
        own_metric=own,
        baseline_metric=against,
        claim_holds=own > against,
        accuracy_cost=100 * (own - measure(copy)),
        score=found.score,
        max_score=found.max_score,
        family_wise_p=found.family_wise_p,
        carried=found.carried,
        why=f"{100 * (own - against):+.2f} points of reward against the baseline; among {DEVICES:,} devices {outcome}",
    )

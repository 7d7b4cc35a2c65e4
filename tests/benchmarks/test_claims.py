"""What the papers claim, on data small enough for every run: what holds here, and what does not with its reason."""

from functools import partial

import pytest
import torch
from torch import nn

from benchmarks.objectives import policies, prectr, relevance, repulsion
from benchmarks.objectives.captioned import pairs, towers, zero_shot
from benchmarks.objectives.cross_encoders import Pointwise
from benchmarks.objectives.data import Images
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import ADRMSE, KDRL, TRRD, CrossEntropy, HintonKD, MarginMSE, Objective, RankNet
from distill.scores import Scores


class Ranker(nn.Module):
    """Lists of candidates, (n, 8, 10), to scores, (n, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Of each candidate on its own."""
        scores: torch.Tensor = self.net(inputs)[..., 0]
        return scores


def candidates(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Lists, a teacher's scores of them, and one positive each: the best after noise as large as a list's spread."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 8, 10, generator=draw)
    scores = x @ torch.linspace(-1, 1, 10) + 1.5 * torch.tanh(2 * x[..., 0] * x[..., 1])
    best = (scores + 1.5 * torch.randn(count, 8, generator=draw)).argmax(dim=1)
    return x, scores, nn.functional.one_hot(best, 8).float()


def test_rankers_distilled_rank_better_than_bce_on_labels():
    """RankNet, ADR-MSE and MarginMSE each; that MarginMSE beats RankNet as well is not seen at this size."""
    (x, scores, labels), (test, _, truth) = candidates(200, 1), candidates(1500, 2)

    def reciprocal_rank(objective: Objective, targets: torch.Tensor) -> float:
        how = Settings(epochs=10, batch_size=32, learning_rate=5e-3)
        said = outputs.logits(train(seeded(Ranker, "r"), x, targets, objective, seed=("r",), settings=how).model, test)
        first = said.gather(1, truth.argmax(dim=1, keepdim=True))
        return float((1 / (1 + (said > first).sum(dim=1).double())).mean())

    baseline = reciprocal_rank(Pointwise(), labels)
    for objective in (RankNet(), ADRMSE(), MarginMSE()):
        assert reciprocal_rank(objective, scores) > baseline + 0.05


def test_an_encoder_distilled_on_relevance_beats_few_labels_alone():
    """PRECTR-V2, after distillation and after fine-tuning.

    That clicks gain as well is in the objectives table; it takes more logged clicks than a test has time for.
    """
    few = relevance.pairs(120, "tests", "few")
    ground = prectr.Ground(
        transfer=relevance.pairs(2500, "tests"), labelled=few, logged=few, test=relevance.pairs(2000, "tests", "test"),
    )  # fmt: skip
    many, student = relevance.pairs(4000, "tests", "many"), partial(prectr.Encoder, 32, 24)
    taught = train(
        seeded(partial(prectr.Encoder, 96, 48), "t"), many.inputs, many.relevance, CrossEntropy(), seed=("t",),
        settings=Settings(epochs=10),
    ).model  # fmt: skip
    says = Scores.of(taught, ground.transfer.inputs, "body").values
    distilled = train(
        seeded(student, "s"), ground.transfer.inputs, says, HintonKD(), seed=("s",),
        settings=Settings(epochs=10, batch_size=64),
    ).model  # fmt: skip
    alone = train(
        seeded(student, "s"), few.inputs, few.relevance, CrossEntropy(), seed=("a",),
        settings=Settings(epochs=30, batch_size=32),
    ).model  # fmt: skip
    tuned = ground.tuned(distilled)
    assert min(ground.accuracy(distilled), ground.accuracy(tuned)) > ground.accuracy(alone) + 0.02


def test_a_teacher_that_attracts_helps_and_one_that_repels_from_the_start_harms():
    """Static distillation beats none, beta -0.8 throughout loses to it.

    That the schedule through nought beats static distillation, the paper's main claim, is not seen at this size: the
    repulsive end of ten passes has little to refine.
    """
    draw = torch.Generator().manual_seed(1)
    centres = torch.rand(10, 196, generator=draw)

    def cloud(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = torch.randint(10, (count,), generator=draw)
        return centres[labels] + 1.2 * torch.randn(count, 196, generator=draw), labels

    (few, known), (many, labels), (test, truth) = cloud(800), cloud(1200), cloud(1000)

    def shown(images: torch.Tensor, named: torch.Tensor) -> Images:
        return Images(transfer=images, labels=named, probes=test, test=test, test_labels=truth)

    teacher, unsaid = seeded(partial(towers, 64), "t"), torch.zeros(len(many), 40)
    taught = repulsion.learn(teacher, pairs(shown(many, labels)), unsaid, lambda _: repulsion.NO_KD, ("t",))[-1]
    says, small = outputs.logits(taught, few), pairs(shown(few, known))
    accuracy = {
        name: zero_shot(outputs.logits(repulsion.learn(student, small, says, plan, (name,))[-1], test), truth)
        for name, plan in repulsion.PLANS.items()
        if (student := seeded(partial(towers, 32), "s"))
        and name.split(",")[0] in ("no KD", "static", "repelled from the start")
    }
    static, none, repelled = (
        accuracy["static, beta 2"],
        accuracy["no KD"],
        accuracy["repelled from the start, beta -0.8"],
    )
    assert static > none + 0.03
    assert repelled < none - 0.03


@pytest.fixture(scope="module")
def tied() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """60 states, twelve actions of which six are rewarded alike, and a teacher that prefers some of the six."""
    draw = torch.Generator().manual_seed(2)
    rewards = torch.rand(60, 12, generator=draw).argsort(dim=1).lt(6).float()
    return torch.eye(60), rewards, 3 * rewards + torch.randn(60, 12, generator=draw)


def reinforced(tied: tuple[torch.Tensor, ...], objective: Objective) -> tuple[float, float]:
    """Expected reward, and the pull among what is rewarded alike: correlation with the teacher's preferences there."""
    shown, rewards, teacher = tied
    fresh = seeded(lambda: nn.Linear(60, 12, bias=False), "policy")
    model = policies.reinforced(fresh, shown, rewards, teacher, objective, ("tests",), steps=60, rate=0.08)
    said, own = outputs.logits(model, shown), rewards > 0
    reward = float((said.softmax(dim=1) * rewards).sum(dim=1).mean())
    parts = [part[own].view(60, 6) for part in (said, teacher)]
    student, taught = (part - part.mean(dim=1, keepdim=True) for part in parts)
    return reward, float(torch.corrcoef(torch.stack([student.flatten(), taught.flatten()]))[0, 1])


def test_a_ratio_with_the_teacher_keeps_what_it_prefers_among_actions_rewarded_alike(tied):
    """TRRD and KDRL take them over, GRPO, which reads no teacher, does not; rewards are high under all three.

    More reward than GRPO, the paper's claim, is not seen: whatever earns a reward here is found by chance as well.
    """
    found = {
        name: reinforced(tied, plan) for name, plan in (("GRPO", TRRD(alpha=1.0)), ("TRRD", TRRD()), ("KDRL", KDRL()))
    }
    assert abs(found["GRPO"][1]) < 0.2
    assert min(found["TRRD"][1], found["KDRL"][1]) > 0.4
    assert min(reward for reward, _ in found.values()) > 0.9

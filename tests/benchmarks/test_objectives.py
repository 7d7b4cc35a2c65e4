"""The objectives' benchmark in small: images of random pixels, a release, a copy, a row, a table."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch

from benchmarks.objectives.__main__ import merged
from benchmarks.objectives.captioned import CAPTIONS, pairs
from benchmarks.objectives.data import Images
from benchmarks.objectives.figures import objectives
from benchmarks.objectives.kd import row
from benchmarks.objectives.optimisers import Plan
from benchmarks.objectives.trial import network, trace
from distill import outputs
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy, HintonKD


@pytest.fixture(scope="module")
def images() -> Images:
    """Ten noisy clouds in 196 dimensions."""
    draw = torch.Generator().manual_seed(1)
    centres = torch.rand(10, 196, generator=draw)

    def cloud(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = torch.randint(10, (count,), generator=draw)
        return centres[labels] + 0.6 * torch.randn(count, 196, generator=draw), labels

    (transfer, labels), (probes, _), (test, test_labels) = cloud(1000), cloud(600), cloud(300)
    return Images(transfer=transfer, labels=labels, probes=probes, test=test, test_labels=test_labels)


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_a_trial_names_the_copy_and_makes_a_row(images, optimiser):
    """One device of a thousand is named through Hinton's objective, and the row says what the table shows."""
    words = ("tests", "objectives", optimiser)
    fresh = seeded(partial(network, 192), *words)
    taught = train(fresh, images.transfer, images.labels, CrossEntropy(), seed=words, settings=Settings(epochs=3)).model
    measure = partial(outputs.accuracy, inputs=images.test, labels=images.test_labels)
    found = trace(taught, images, Plan(HintonKD(), optimiser, 30), measure, words)
    made = row("KD family", "hinton", "1503.02531", "better than chance", found, 0.1)
    assert found.carried
    assert found.family_wise_p < 1e-6
    assert found.score <= found.max_score
    assert made.claim_holds
    table = objectives({"rows": [made.plain()], "strength": 0.1, "devices": 1000})
    assert "| KD family | hinton |" in table
    assert json.dumps(made.plain())


def test_the_measured_rows_have_every_field():
    """What the file of figures promises to its readers."""
    path = Path(__file__).parents[2] / "docs" / "measured" / "objectives.json"
    fields = {
        "system", "paper", "claim", "own_metric", "baseline_metric", "claim_holds", "accuracy_cost", "score",
        "max_score", "family_wise_p", "carried", "why",
    }  # fmt: skip
    for found in json.loads(path.read_text(encoding="utf-8"))["rows"]:
        assert fields <= set(found)
        assert found["carried"] is (found["family_wise_p"] <= 1e-6)


def test_one_system_run_again_leaves_the_others_rows():
    """Rows of the same system are replaced, all of them; the others stay as they were."""
    old = [{"system": "KD", "score": 1}, {"system": "LTKD", "score": 1}, {"system": "KD", "score": 2}]
    new = [{"system": "KD", "score": 3}]
    assert merged(old, new) == [{"system": "LTKD", "score": 1}, {"system": "KD", "score": 3}]


def test_a_batch_of_pairs_shows_every_caption_once(images):
    """Forty captions, as many images in each batch, no image twice in a pass."""
    shown = pairs(images)
    batches = shown.batches(torch.Generator().manual_seed(3))
    assert batches
    assert all(shown.captions[batch].tolist() == list(range(CAPTIONS)) for batch in batches)
    assert len(torch.cat(batches).unique()) == len(batches) * CAPTIONS
    assert torch.equal(shown.captions // 4, images.labels)

"""What every attack of the catalogue must keep to."""

import pytest
import torch

from distill.errors import SettingsError
from distill.outputs import logits
from distill.transforms import CATALOGUE, attack
from distill.transforms.base import OBSERVATIONS

ROWS = pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)


@ROWS
def test_the_copies_stay_as_they_are(row, copies, means):
    """An attack works on its own copy of the weights and draws nothing from the global generator."""
    before = [{name: value.clone() for name, value in model.state_dict().items()} for model in copies]
    generator = torch.random.get_rng_state()
    row.run(copies[: row.copies], means)
    assert torch.equal(generator, torch.random.get_rng_state())
    for model, state in zip(copies, before, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


@ROWS
def test_the_suspect_answers_every_input(row, copies, means, inputs):
    """A suspect gives finite logits over all classes, in evaluation mode, and the same ones when made again."""
    first, second = (row.run(copies[: row.copies], means) for _ in range(2))
    answers = logits(first, inputs[:50])
    assert answers.shape == (50, 4)
    assert torch.isfinite(answers).all()
    assert not first.training
    assert torch.equal(answers, logits(second, inputs[:50]))


@ROWS
def test_rows_are_described(row):
    """Every row says what it does, in which forms its suspect answers, and how many labels it takes."""
    assert row.what
    assert set(row.observations) <= set(OBSERVATIONS)
    assert row.labels >= 0
    assert attack(row.name) is row


def test_names_are_unique():
    """No two attacks share a name."""
    assert len({row.name for row in CATALOGUE}) == len(CATALOGUE)


def test_an_unknown_attack_is_an_error_that_names_the_known_ones():
    """The message lists the catalogue."""
    with pytest.raises(SettingsError, match="int8"):
        attack("magic")

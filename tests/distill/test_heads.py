"""Last layers that can be minted."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from distill import heads
from distill.errors import FeaturesNotFound
from distill.loop import seeded
from distill.mint import fit_minting_map, mint
from distill.outputs import ROWS, logits
from fingerprint import seeds
from fingerprint.kit import SigningKit
from fingerprint.whitening import Whitening

C, WIDTH, K = 4, 8, 3


def linear(*, bias: bool = True) -> nn.Module:
    """A plain last layer."""
    return nn.Sequential(
        OrderedDict(body=nn.Sequential(nn.Linear(6, WIDTH), nn.ReLU()), head=nn.Linear(WIDTH, C, bias=bias))
    )


def convolutional(*, bias: bool = True) -> nn.Module:
    """A 1x1 convolution averaged over positions."""
    body = nn.Sequential(nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, WIDTH, 2, padding=1), nn.ReLU())
    tail = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(OrderedDict(body=body, head=nn.Conv2d(WIDTH, C, 1, bias=bias), tail=tail))


class Tied(nn.Module):
    """Scores of C items: the last layer shares the items' embedding, which the body reads too."""

    def __init__(self) -> None:
        super().__init__()
        self.items = nn.Embedding(C, WIDTH)
        self.body = nn.Linear(6, WIDTH)
        self.head = nn.Linear(WIDTH, C, bias=False)
        self.head.weight = self.items.weight

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits over the items."""
        return self.head(torch.relu(self.body(inputs)) + self.items.weight.mean(dim=0))


MODELS = {
    "linear": linear,
    "linear without bias": lambda: linear(bias=False),
    "1x1 convolution": convolutional,
    "1x1 convolution without bias": lambda: convolutional(bias=False),
    "tied": Tied,
}


@pytest.fixture(scope="module")
def inputs() -> torch.Tensor:
    """Transfer set."""
    return torch.as_tensor(seeds.stream("tests", "heads").normal(size=(600, 6)), dtype=torch.float32)


@pytest.mark.parametrize("name", MODELS)
def test_a_minted_copy_differs_by_the_signature(name: str, inputs: torch.Tensor):
    """For every kind of last layer the logits move by S_d times what the layer expresses of h; the base stays."""
    base = seeded(MODELS[name], "tests", name).eval()
    before = {key: value.clone() for key, value in base.state_dict().items()}
    read = heads.read_by(base, inputs, "head")
    h = read[:, :K] - read[:, :K].mean(axis=0)
    minting = fit_minting_map(base, inputs, h, head="head")
    kit = SigningKit(
        release="r",
        release_key=b"h" * 32,
        whitening=Whitening(mean=np.zeros(2), projection=np.ones((2, K))),
        classes=C,
        strength=0.2,
        sigma=1.0,
        minting=minting,
    )
    codeword = np.resize([1, -1, -1], kit.bits)
    copy = mint(base, kit, codeword, head="head")
    moved = (logits(copy, inputs) - logits(base, inputs)).numpy()
    expressed = np.column_stack([read, np.ones(len(read))]) @ minting
    assert moved == pytest.approx(expressed @ kit.signature_map(codeword).T, abs=1e-4)
    assert all(torch.equal(value, before[key]) for key, value in base.state_dict().items())


@pytest.mark.parametrize("name", MODELS)
def test_a_map_summed_over_blocks_is_the_one_solved_at_once(name: str, inputs: torch.Tensor):
    """argmin |[g 1] A - h|^2 + ridge |A|^2, written as one least-squares problem with the ridge as further rows."""
    assert len(inputs) > ROWS
    base = seeded(MODELS[name], "tests", name).eval()
    read = heads.read_by(base, inputs, "head")
    h = np.tanh(read[:, :K] + seeds.stream("tests", "heads", "h").normal(size=(len(read), K)))
    weight = np.sqrt(1e-3 * len(read) * (read**2).mean())
    design, damping = read, weight * np.eye(WIDTH)
    if heads.find_head(base, "head").bias is not None:
        design, damping = np.column_stack([read, np.ones(len(read))]), weight * np.diag([1.0] * WIDTH + [1e-3])
    slow = np.linalg.lstsq(np.vstack([design, damping]), np.vstack([h, np.zeros((len(damping), K))]), rcond=None)[0]
    found = fit_minting_map(base, inputs, h, head="head")
    assert found[: len(slow)] == pytest.approx(slow, abs=1e-8)


def test_a_tied_weight_is_untied_in_the_copy(inputs: torch.Tensor):
    """The copy's embedding is the base's; its last layer has weights of its own."""
    base = seeded(Tied, "tests", "untied")
    heads.untie(base, "head")
    with torch.no_grad():
        base.head.weight.add_(1.0)
    assert not torch.equal(base.head.weight, base.items.weight)
    assert sum(parameter is base.head.weight for parameter in base.parameters()) == 1


def test_the_intercept_is_nought_without_bias(inputs: torch.Tensor):
    """A layer without bias gets a map whose last row is nought."""
    base = seeded(MODELS["linear without bias"], "tests", "no bias")
    assert not fit_minting_map(base, inputs, np.ones((600, K)), head="head")[-1].any()


@pytest.mark.parametrize(
    "layer",
    [nn.Conv2d(WIDTH, C, 3), nn.Conv2d(WIDTH, C, 1, groups=4), nn.Conv2d(WIDTH, C, 1, stride=2), nn.Tanh()],
    ids=["3x3", "groups", "stride", "tanh"],
)
def test_other_layers_are_refused(layer: nn.Module):
    """What is no linear layer and no plain 1x1 convolution cannot be minted."""
    with pytest.raises(FeaturesNotFound, match="minting"):
        heads.find_head(nn.Sequential(OrderedDict(head=layer)), "head")


def test_nothing_may_follow_a_convolution(inputs: torch.Tensor):
    """A convolution whose averaged outputs are not the logits is refused, not minted wrongly."""
    model = seeded(convolutional, "tests", "followed")
    model.add_module("more", nn.ReLU())
    with pytest.raises(FeaturesNotFound, match="mean over positions"):
        heads.read_by(model, inputs, "head")


def test_a_change_of_another_shape_is_refused():
    """The change must be (C, F' + 1)."""
    with pytest.raises(FeaturesNotFound, match="shape"):
        heads.edit(linear(), "head", np.zeros((C, WIDTH)))

"""Trees as students: they answer as scikit-learn's do, carry what their leaves see, and can be minted."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from torch import nn

from distill import outputs
from distill.errors import SettingsError, ShapeError
from distill.loop import Settings, seeded, train
from distill.objectives import CrossEntropy
from distill.release import Recipe, prepare_release
from distill.scores import Scores
from distill.trees import hard_tree, soft_tree
from fingerprint import codeword, seeds
from fingerprint.observation import observe
from fingerprint.verify import Candidates, gather, judge


def drawn(seed: int, rows: int = 80):
    """Inputs (n, 3), scores (n, 4)."""
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 3, generator=draw), torch.randn(rows, 4, generator=draw)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), depth=st.integers(1, 7), least=st.integers(1, 9))
def test_a_soft_tree_answers_as_scikit_learn_does(seed, depth, least):
    """Every leaf's mean, at inputs it never saw; the leaves' indicator is one-hot."""
    x, z = drawn(seed)
    fresh, _ = drawn(seed + 1)
    tree = soft_tree(x, z, depth=depth, least=least, seed=("tests",))
    state = seeds.number("distill/trees", "tests") % 2**32  # splits that part the sample alike are chosen among by it
    oracle = DecisionTreeRegressor(max_depth=depth, min_samples_leaf=least, random_state=state).fit(
        x.numpy(), z.numpy()
    )
    assert tree.body(x).sum(dim=1).eq(1).all()
    assert tree.body.count == oracle.get_n_leaves()
    assert np.allclose(outputs.logits(tree, x).numpy(), oracle.predict(x.numpy()), atol=1e-5)
    assert np.allclose(outputs.logits(tree, fresh).numpy(), oracle.predict(fresh.numpy()), atol=1e-5)


def test_a_leaf_answers_with_the_mean_of_its_samples():
    """By a loop over leaves, without scikit-learn's own values."""
    x, z = drawn(3)
    tree = soft_tree(x, z, depth=4, seed=("tests",))
    leaf = tree.body(x).argmax(dim=1)
    for number in range(tree.body.count):
        assert torch.allclose(tree.head.weight[:, number], z[leaf == number].mean(dim=0), atol=1e-5)


def test_a_hard_tree_says_what_scikit_learn_predicts():
    """Labels, and shares of a leaf; a class that was never seen stays the least likely."""
    x, z = drawn(4)
    labels = z[:, :3].argmax(dim=1)
    tree = hard_tree(x, labels, 4, depth=3, seed=("tests",))
    oracle = DecisionTreeClassifier(max_depth=3, random_state=7).fit(x.numpy(), labels.numpy())
    answers = outputs.logits(tree, x)
    shares = oracle.predict_proba(x.numpy())
    best = shares.max(axis=1, keepdims=True) == shares
    assert best[np.arange(len(x)), answers.argmax(dim=1)].all()
    assert (answers[:, 3] <= answers.min(dim=1).values).all()
    assert torch.allclose(answers.exp().sum(dim=1), torch.ones(len(x)))


def test_what_does_not_fit_is_refused():
    """Rows that differ, flat scores, a tree without a split."""
    x, z = drawn(5)
    with pytest.raises(ShapeError):
        soft_tree(x[1:], z, depth=2, seed=("tests",))
    with pytest.raises(ShapeError):
        hard_tree(x, z, 4, depth=2, seed=("tests",))
    with pytest.raises(SettingsError):
        soft_tree(x, z, depth=0, seed=("tests",))


def network() -> nn.Module:
    """Two inputs, three classes."""
    return nn.Sequential(OrderedDict(body=nn.Sequential(nn.Linear(2, 64), nn.ReLU()), head=nn.Linear(64, 3)))


@pytest.fixture(scope="module")
def released():
    """A network's release whose clean students are trees, with its unsigned scores and codewords of 200 devices."""
    x = torch.rand(4000, 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    labels = (x[:, 0] * x[:, 1] > 0).long() + (x.norm(dim=1) > 0.9).long()
    fresh = seeded(network, "tests", "trees")
    taught = train(fresh, x, labels, CrossEntropy(), seed=("trees",), settings=Settings(epochs=6)).model
    plain = Scores.of(taught, x, "body")
    parts = torch.split(torch.randperm(4000, generator=torch.Generator().manual_seed(2)), 1000)
    clean = tuple(soft_tree(x[rows], plain.values[rows], depth=9, seed=("tests",)) for rows in parts[:3])
    prepared = prepare_release(
        taught, features="body", student=lambda: clean[0], head="head", transfer=x,
        probes=torch.rand(4000, 2, generator=torch.Generator().manual_seed(3)) * 2 - 1, release_key=bytes(32),
        seed=("trees",), recipe=Recipe(components=20, strength=0.3), clean=clean,
    )  # fmt: skip
    words = np.stack(
        [
            codeword.derive(
                codeword.codeword_key(bytes([d]) * 32),
                release=prepared.pack.release_id,
                nonce=bytes(32),
                length=prepared.pack.bits,
            )
            for d in range(200)
        ]
    )
    return prepared, plain, words


def score(prepared, words, suspect):
    """Score of the first device."""
    answers = outputs.logits(suspect, torch.from_numpy(prepared.pack.probes)).numpy()
    evidence = gather(prepared.pack, observe("logits", answers, probes=prepared.pack.count, classes=3))
    names = tuple(map(str, range(len(words))))
    found = judge(evidence, Candidates(release=prepared.pack.release_id, devices=names, copies=names, codewords=words))
    return found.ranked[0].device, found.ranked[0].score


def test_a_tree_grown_on_signed_scores_is_traced_and_a_clean_one_is_not(released):
    """The first of 200 devices leads by far; a clean tree's best is what chance gives."""
    prepared, plain, words = released
    signed = plain.signed(prepared.kit, words[0])
    leader, t = score(prepared, words, soft_tree(signed.contexts, signed.values, depth=9, seed=("copy",)))
    assert leader == "0"
    assert t > 5
    assert score(prepared, words, prepared.clean[2])[1] < 4.5


def test_a_tree_is_minted(released):
    """Its splits stay and its leaves' scores change: the edit of a last layer, and the same device leads."""
    prepared, _, words = released
    copy = prepared.mint(words[0])
    assert torch.equal(copy.body.threshold, prepared.base.body.threshold)
    assert not torch.equal(copy.head.weight, prepared.base.head.weight)
    leader, t = score(prepared, words, copy)
    assert leader == "0"
    assert t > 5

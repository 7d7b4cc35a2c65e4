"""The second computation of `static` and `cosine` against the first one."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lombscargle
from scipy.stats import binom

from fingerprint import schemes, seeds
from fingerprint.errors import PackMalformed
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.replay import bounds, evidence, judgement, scoring, spectrum
from fingerprint.replay.release import Release
from fingerprint.replay.rules import RULES
from fingerprint.schemes.cosine.scoring import signal_to_noise
from fingerprint.schemes.static import network
from fingerprint.softmax import softmax
from fingerprint.verify import Candidates, gather, judge

PROBES, CLASSES, HIDDEN, DEVICES = 400, 11, 33, 4
WORDS = seeds.signs(b"w" * 32, "tests/replay/words", count=DEVICES * 128).reshape(DEVICES, 128)


def decoder(classes=CLASSES):
    """A network that says of each bit whether its class was pushed up more than the last one: linear, nearly."""
    weight0, weight1 = 0.01 * np.eye(3 * classes), np.zeros((3 * classes, classes - 1))
    for block, share in ((0, 1.0), (1, 1.0), (2, 0.5)):
        for bit in range(classes - 1):
            weight1[block * classes + bit, bit], weight1[(block + 1) * classes - 1, bit] = share, -share
    shapes = (
        np.zeros(3 * classes),
        np.ones(3 * classes),
        weight0,
        np.zeros(3 * classes),
        weight1,
        np.zeros(classes - 1),
    )
    return {f"decoder.{name}": each.astype(np.float32) for name, each in zip(network.NAMES, shapes, strict=True)}


def make_pack(scheme, **changes):
    """A pack of random numbers for a scheme, alpha so large that somebody can be named."""
    draw = seeds.stream("tests", "replay schemes")
    clean = 2 * draw.normal(size=(PROBES, CLASSES))
    settings = {"cosine": {"frequency": 4.0, "scale": 1.0, "trials": 400}, "static": {}, "subspace": {}}[scheme]
    fields = {
        "release_key": draw.bytes(32),
        "probes": draw.normal(size=(PROBES, 3)).astype(np.float32),
        "features": draw.normal(size=(PROBES, 6)).astype(np.float32),
        "references": {"clean": (clean - clean.mean(axis=1, keepdims=True)).astype(np.float32)},
        "pool": default_pool(("clean",)),
        "scheme": scheme,
        "settings": settings,
        "tensors": decoder() if scheme == "static" else {},
        "alpha": 0.05,
    }
    return VerifierPack(**{**fields, **changes})


def copy_answers(pack, codeword, strength=0.3):
    """Logits of a copy that carries the codeword as the scheme's signer does."""
    logits = pack.references["clean"].astype(np.float64)
    kit = SimpleNamespace(
        strength=strength, sigma=2.0, classes=CLASSES, settings=pack.settings, whitening=None, minting=None
    )
    shift = schemes.scheme(pack.scheme).shift(kit, codeword, inputs=pack.probes, logits=logits, whitened=pack.features)
    noise = 0.05 * seeds.stream("tests", "replay schemes", "noise").normal(size=logits.shape)
    return logits + noise + (shift if strength else 0.0)


def in_form(form, logits):
    """The same answers in another form."""
    probs = softmax(logits)
    forms = {"logits": logits, "logprobs": np.log(probs), "probs": probs, "labels": logits.argmax(axis=1)}
    return np.where(probs >= np.sort(probs, axis=1)[:, [-2]], probs, 0) if form == "top_k" else forms[form]


@pytest.mark.parametrize("strength", [0.0, 0.3])
@pytest.mark.parametrize("form", ["logits", "logprobs", "probs", "top_k", "labels"])
@pytest.mark.parametrize("scheme", ["static", "cosine"])
def test_both_programs_agree(scheme, form, strength):
    """Scores, p-values, threshold and who is named, for every form of answer, of a copy and of a stranger."""
    pack = make_pack(scheme)
    release = Release.parse(pack.to_bytes())
    observation = observe(form, in_form(form, copy_answers(pack, WORDS[1], strength)), probes=PROBES, classes=CLASSES)
    names = tuple(map(str, range(DEVICES)))
    candidates = Candidates(release=pack.release_id, devices=names, copies=names, codewords=WORDS)
    first = judge(gather(pack, observation), candidates, tests=5)
    scorer = scoring.scorer(evidence.gather(release, observation))
    for row in first.ranked:
        found = judgement.judge(scorer, WORDS[int(row.device)], alpha=release.alpha, tests=5)
        assert found.score == pytest.approx(row.score, rel=1e-7)
        low, high = scorer.p_values(row.score)
        assert low - 1e-12 <= row.p_value <= high + 1e-12
        assert found.family_wise_p == pytest.approx(row.family_wise_p, rel=1e-9)
        assert found.threshold == pytest.approx(first.threshold, rel=1e-9)
        assert found.named == row.named
    if strength and form in ("logits", "logprobs", "probs"):
        assert first.named == ("1",)
        assert scorer.most_devices(first.ranked[0].p_value) >= 5


@pytest.mark.parametrize("scheme", ["static", "cosine", "subspace"])
def test_a_release_states_of_itself_what_the_first_program_states(scheme):
    """Commitment, bits, and the formulas in it."""
    pack = make_pack(scheme)
    release = Release.parse(pack.to_bytes())
    rules = schemes.scheme(scheme)
    assert release.commitment() == pack.commitment()
    assert release.bits == pack.bits
    said = RULES[scheme]
    assert (said.version, said.statistic, said.bound) == (rules.version, rules.statistic, rules.bound)
    assert set(RULES) == set(schemes.CATALOGUE)


@pytest.mark.parametrize(
    "changed",
    [
        {"scheme": "static", "tensors": {}},
        {"scheme": "static", "tensors": decoder(CLASSES - 1)},
        {"scheme": "static", "settings": {"bits": 3}},
        {"scheme": "static", "settings": {"trials": 3}},
        {"scheme": "static", "references": {"base": np.zeros((PROBES, CLASSES), np.float32)}},
        {"scheme": "cosine", "settings": {"frequency": 1.0, "scale": 1.0, "trials": 0}},
        {"scheme": "cosine", "settings": {"frequency": 0.0, "scale": 1.0, "trials": 9}},
        {"scheme": "cosine", "settings": {"frequency": "x", "scale": 1.0, "trials": 9}},
        {"scheme": "cosine", "tensors": {"x": np.zeros(2, np.float32)}},
        {"scheme": "subspace", "tensors": {"x": np.zeros(2, np.float32)}},
        {"scheme": "subspace", "settings": {"bits": 9}},
    ],
)
def test_packs_that_their_scheme_cannot_have_are_refused(changed):
    """Even those whose writer did not check them."""
    pack = make_pack(changed["scheme"])
    for name, value in changed.items():
        object.__setattr__(pack, name, value)
    with pytest.raises(PackMalformed):
        Release.parse(pack.to_bytes())


@given(st.integers(2, 60), st.integers(0, 2**32 - 1), st.floats(0.5, 20))
def test_ratios_agree(count, seed, frequency):
    """The power is scipy's, and so is the ratio, for any place of the values."""
    draw = np.random.default_rng(seed)
    u, values = draw.normal(size=count + 8), draw.normal(size=count + 8)
    centred, at = values - values.mean(), frequency * np.linspace(0.1, 3, 7)
    assert np.allclose(spectrum.power(u, centred, at), 2 * lombscargle(u, centred, at), rtol=1e-6, atol=1e-9)
    assert spectrum.ratio(u, values, frequency) == pytest.approx(signal_to_noise(u, values, frequency), rel=1e-6)


@given(st.integers(1, 40), st.data())
def test_the_coins_tail_is_the_binomial_one(tosses, data):
    """In whole numbers what scipy computes with incomplete beta functions."""
    heads = data.draw(st.integers(0, tosses))
    assert bounds.coin_tail(tosses, heads) == pytest.approx(float(binom.sf(heads - 1, tosses, 0.5)), rel=1e-9)


def test_where_nobody_can_be_named_the_threshold_says_so():
    """An alpha below the smallest p-value of either scheme is out of reach for every score."""
    for scheme in ("static", "cosine"):
        pack = make_pack(scheme, alpha=1e-9)
        observation = observe("logits", copy_answers(pack, WORDS[0]), probes=PROBES, classes=CLASSES)
        scorer = scoring.scorer(evidence.gather(Release.parse(pack.to_bytes()), observation))
        found = judgement.judge(scorer, WORDS[0], alpha=1e-9, tests=1)
        assert not found.named
        assert found.threshold == scoring.UNREACHABLE
        assert math.isfinite(found.score)

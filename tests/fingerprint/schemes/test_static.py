"""The seed paper's baseline: folding, the written-down decoder, the exact tail, and why it dies."""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from fingerprint.errors import ParameterError
from fingerprint.observation import observe
from fingerprint.schemes.static.folding import capacity, fold
from fingerprint.schemes.static.scheme import offset
from fingerprint.schemes.static.scoring import StaticScoring
from fingerprint.verify import gather, judge


@given(bits=st.integers(3, 12), onto=st.integers(1, 3))
def test_folding_all_responses_gives_every_word_equally_often(bits, onto):
    """Folded uniform responses are uniform: the binomial tail rests on it."""
    everything = np.array(list(itertools.product((-1, 1), repeat=bits)), dtype=np.int8)
    _, counts = np.unique(fold(everything, onto), axis=0, return_counts=True)
    assert len(counts) == 2**onto
    assert len(set(counts)) == 1


def test_a_flipped_response_bit_flips_one_folded_bit():
    """Every response bit counts: PUF noise must be corrected before."""
    word = np.ones((1, 20), dtype=np.int8)
    for place in range(20):
        other = word.copy()
        other[0, place] = -1
        assert (fold(word, 4) != fold(other, 4)).sum() == 1


def test_fewer_bits_than_logits_cannot_be_folded():
    """Four bits do not fill nine places."""
    with pytest.raises(ParameterError):
        fold(np.ones((1, 4), dtype=np.int8), capacity(10))


def test_the_offset_has_the_stated_size(static):
    """Zero sum, root mean square eps sigma_z, largest classes those whose bit is +1."""
    a = offset(static.kit, static.codeword(0))
    assert a.sum() == pytest.approx(0, abs=1e-12)
    assert np.sqrt((a * a).mean()) == pytest.approx(static.kit.strength * static.kit.sigma)
    assert (np.sign(a[:-1] - a[-1]) == fold(static.codeword(0)[None], 4)[0]).all()


def test_the_tail_is_the_enumerated_one(static):
    """P(agreements >= a) over all folded words, counted."""
    seen = observe("logits", static.signed(0), probes=static.pack.count, classes=5)
    fixed = gather(static.pack, seen)
    everything = np.ones((16, static.pack.bits), dtype=np.int8)
    everything[:, :4] = list(itertools.product((-1, 1), repeat=4))
    found = StaticScoring().score(fixed, everything, tests=1)
    for score, p in zip(found.scores, found.p_values, strict=True):
        assert p == pytest.approx((found.scores >= score).mean())


@pytest.mark.parametrize("kind", ["logits", "probs"])
def test_a_signed_teacher_is_decoded(static, kind):
    """All four bits come back from logits and from probabilities."""
    for device in range(6):
        z = static.signed(device)
        seen = observe(kind, z if kind == "logits" else softmax(z, axis=1), probes=len(z), classes=5)
        said = StaticScoring().decoded(gather(static.pack, seen))
        assert (said == fold(static.codeword(device)[None], 4)[0]).all()


def test_among_a_million_devices_no_score_names_anybody(static):
    """2^-4 is the smallest p there is: the verdict is unknown source, and its threshold cannot be reached."""
    seen = observe("logits", static.signed(0), probes=static.pack.count, classes=5)
    verdict = judge(gather(static.pack, seen), static.candidates(8), tests=10**6)
    assert verdict.unknown_source
    assert verdict.threshold == sys.float_info.max
    assert min(row.p_value for row in verdict.ranked) == pytest.approx(2**-4)


def test_prior_matching_takes_the_signature_out(static):
    """Subtracting the class offset leaves the decoder what an unsigned model leaves it."""
    z = static.signed(0)
    cleaned = z - offset(static.kit, static.codeword(0))
    values = [
        gather(static.pack, observe("logits", x, probes=len(x), classes=5)).values for x in (cleaned, static.logits)
    ]
    assert np.allclose(*values)


def test_a_pack_without_a_fitting_decoder_is_refused(static, changed):
    """Missing tensors, wrong shapes, scales that are not positive, too short a response, no clean reference."""
    tensors = dict(static.pack.tensors)
    for wrong in (
        {n: t for n, t in tensors.items() if n != "decoder.bias1"},
        tensors | {"decoder.bias1": np.zeros(3, np.float32)},
        tensors | {"decoder.scale": np.zeros(15, np.float32)},
    ):
        with pytest.raises(ParameterError):
            changed(static.pack, tensors=wrong)
    with pytest.raises(ParameterError):
        changed(static.pack, settings={"bits": 3})
    with pytest.raises(ParameterError):
        changed(static.pack, references={"base": static.pack.references["clean"]})


def test_minting_is_a_change_of_the_bias_alone(static):
    """A static copy's weights are the base's."""
    weight, bias = static.kit.head_delta(static.codeword(0))
    assert weight.shape == (5, 6)
    assert not weight.any()
    assert np.allclose(bias, offset(static.kit, static.codeword(0)))

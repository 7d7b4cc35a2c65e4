"""Helper-data manipulation (Delvaux and Verbauwhede): every change is refused alike, whatever the response is."""

from dataclasses import replace

import numpy as np
import pytest

from fingerprint.codes import values_of
from fingerprint.errors import HelperDataForged
from fingerprint.extractor import reenroll, reproduce
from fingerprint.extractor.selection import majority


def _outcome(readout, helper, profile) -> type:
    with pytest.raises(HelperDataForged) as caught:
        reproduce(readout, helper, profile=profile)
    return caught.type


def test_moving_the_mask_tells_nothing(small, chip, made):
    """Replacing a selected cell by its neighbour is refused alike, whether the two cells agree or not."""
    rng = np.random.default_rng(1)
    readout = chip.read(rng)[0]
    mask = np.zeros(small.cells, dtype=np.uint8)
    mask[made.helper.selected] = 1
    edges = np.flatnonzero((mask[:-1] == 1) & (mask[1:] == 0))
    agree = readout[edges] == readout[edges + 1]
    assert 10 < agree.sum() < len(edges) - 10
    outcomes = set()
    for cell in edges[:60]:
        moved = mask.copy()
        moved[[cell, cell + 1]] = 0, 1
        outcomes.add(_outcome(readout, replace(made.helper, mask=np.packbits(moved).tobytes()), small))
    assert outcomes == {HelperDataForged}


def test_flipping_offset_bits_tells_nothing(small, chip, made):
    """Every single offset bit, and pairs of them, are refused alike, though the decoder corrects them all."""
    readout = chip.read(np.random.default_rng(2))[0]
    bits = made.helper.offset_bits
    for places in [[at] for at in range(0, len(bits), 7)] + [[at, at + 1] for at in range(0, len(bits) - 1, 41)]:
        changed = bits.copy()
        changed[places] ^= 1
        assert _outcome(readout, replace(made.helper, offset=np.packbits(changed).tobytes()), small) is HelperDataForged


def test_a_codeword_added_to_the_offset_gives_no_related_key(small, chip, made):
    """The linear attack, offset XOR codeword, would shift the secret by a known message: the tag refuses it."""
    rng = np.random.default_rng(3)
    readout = chip.read(rng)[0]
    for _ in range(20):
        message = rng.integers(0, 2, (1, small.code.k), dtype=np.uint8)
        shifted = made.helper.offset_bits ^ small.code.encode(message)[0]
        forged = replace(made.helper, offset=np.packbits(shifted).tobytes())
        assert _outcome(readout, forged, small) is HelperDataForged


def test_helper_data_of_two_enrolments_cannot_be_mixed(small, chip, made):
    """Salt, offset or tag of one enrolment in another's helper data is refused."""
    rng = np.random.default_rng(4)
    later = reenroll(chip.read(rng, reads=5), made.helper, profile=small, entropy=rng.bytes)
    for name in ("salt", "offset", "tag", "generation"):
        mixed = replace(made.helper, **{name: getattr(later.helper, name)})
        assert _outcome(chip.read(rng)[0], mixed, small) is HelperDataForged


def test_the_offset_alone_does_not_tell_the_response(small, chip, made):
    """Decoding the offset without a response gives no word near the response: it is as far as chance."""
    reference = majority(chip.read(np.random.default_rng(5), reads=15))[0][made.helper.selected]
    guess = small.code.encode(small.code.decode(values_of(made.helper.offset_bits[None])).message)[0]
    distance = (guess ^ made.helper.offset_bits ^ reference).mean()
    assert 0.4 < distance < 0.6

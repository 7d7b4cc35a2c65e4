"""Exactly the enrolled key, or a distinct error."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.codes import Polar, values_of
from fingerprint.codes.polar import design
from fingerprint.codes.polar_sets import INFORMATION_1024, INFORMATION_1408, INFORMATION_2304
from fingerprint.errors import (
    HelperDataForged,
    HelperDataRevoked,
    ParameterError,
    ProfileMismatch,
    ReadoutMalformed,
    ReadoutUnhealthy,
    ReconstructionError,
    TooFewReliableCells,
    WrongDevice,
)
from fingerprint.extractor import (
    POLAR_128,
    PROFILE,
    PROFILES,
    HelperData,
    Profile,
    enroll,
    key_identity,
    reenroll,
    reproduce,
)
from fingerprint.extractor.selection import majority, select
from fingerprint.puf import HOT, SramParameters, SramPuf


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), reads=st.integers(5, 12), bias=st.floats(-0.15, 0.15))
def test_enroll_then_reproduce_gives_the_key(small, seed, reads, bias):
    """For any chip, any noise and any number of reads the key comes back exactly, and confirms its identity."""
    rng = np.random.default_rng(seed)
    device = SramPuf.manufacture("law", seed, cells=small.cells, parameters=SramParameters(bias=bias))
    made = enroll(device.read(rng, reads=reads), profile=small, entropy=rng.bytes)
    helper = HelperData.from_bytes(made.helper.to_bytes())
    assert reproduce(device.read(rng)[0], helper, profile=small) == made.key
    assert key_identity(made.key) == made.identity


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_named_profiles_work_hot_and_cold(profile):
    """Every named profile finds its key in one hot read, without being told which profile it is."""
    rng = np.random.default_rng(8)
    device = SramPuf.manufacture("named", profile.name, cells=profile.cells)
    made = enroll(device.read(rng, reads=9), profile=profile, entropy=rng.bytes)
    assert len(made.key) == profile.bits // 8
    assert reproduce(device.read(rng, environment=HOT), made.helper) == made.key


def test_key_and_helper_data_are_fresh_each_time(small, chip):
    """Two enrolments of one chip share neither key nor salt nor offset."""
    reads = chip.read(np.random.default_rng(1), reads=5)
    one, two = (enroll(reads, profile=small, entropy=np.random.default_rng(seed).bytes) for seed in (1, 2))
    assert one.key != two.key
    assert one.helper.salt != two.helper.salt
    assert one.helper.offset != two.helper.offset
    assert one.key.hex() not in repr(one)


def test_another_device_is_told(small, made):
    """Fifty other chips are all refused as other devices."""
    others = SramPuf.manufacture("others", cells=small.cells, devices=50).read(np.random.default_rng(1))
    for readout in others[:, 0]:
        with pytest.raises(WrongDevice, match="another device"):
            reproduce(readout, made.helper, profile=small)


def test_changed_helper_data_with_a_mended_checksum_is_told(small, chip, made):
    """Whatever field is changed, the device itself refuses the helper data as forged."""
    readout = chip.read(np.random.default_rng(1))[0]
    offset = bytearray(made.helper.offset)
    offset[3] ^= 16
    codeword = np.packbits(small.code.encode(np.eye(1, small.code.k, dtype=np.uint8))[0])
    shifted = (np.frombuffer(made.helper.offset, dtype=np.uint8) ^ codeword).tobytes()
    for forged in (
        replace(made.helper, offset=bytes(offset)),
        replace(made.helper, offset=shifted),
        replace(made.helper, salt=bytes(32)),
        replace(made.helper, tag=bytes(32)),
    ):
        with pytest.raises(HelperDataForged, match="not authenticated"):
            reproduce(readout, HelperData.from_bytes(forged.to_bytes()), profile=small)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 400))
def test_never_a_wrong_key(small, chip, made, seed, flips):
    """However the helper data's offset is changed, the answer is an error and never a key."""
    rng = np.random.default_rng(seed)
    bits = made.helper.offset_bits.copy()
    bits[rng.permutation(len(bits))[:flips]] ^= 1
    forged = replace(made.helper, offset=np.packbits(bits).tobytes())
    with pytest.raises(ReconstructionError):
        reproduce(chip.read(rng)[0], forged, profile=small)


def test_another_profile_is_told(small, chip, made):
    """Helper data under another id, an unknown id, or an id of a profile with other sizes is refused."""
    readout = chip.read(np.random.default_rng(1))[0]
    with pytest.raises(ProfileMismatch, match="no profile"):
        reproduce(readout, made.helper)
    with pytest.raises(ProfileMismatch, match="polar"):
        reproduce(readout, made.helper, profile=PROFILE)
    with pytest.raises(ProfileMismatch):
        reproduce(readout, replace(made.helper, profile=PROFILE.id))


def test_reenrolment_replaces_the_key_and_keeps_the_cells(small, chip, made):
    """A new key one generation later from the same mask; the old helper data works until its generation is revoked."""
    rng = np.random.default_rng(4)
    new = reenroll(chip.read(rng, reads=7), made.helper, profile=small, entropy=rng.bytes)
    assert new.helper.generation == 1
    assert new.helper.mask == made.helper.mask
    assert len({new.key, made.key}) == len({new.identity, made.identity}) == 2
    readout = chip.read(rng)[0]
    assert reproduce(readout, new.helper, profile=small, generation=1) == new.key
    assert reproduce(readout, made.helper, profile=small) == made.key
    with pytest.raises(HelperDataRevoked, match="generation 0 was replaced"):
        reproduce(readout, made.helper, profile=small, generation=1)
    with pytest.raises(HelperDataForged):
        reproduce(readout, replace(made.helper, generation=1), profile=small, generation=1)


def test_reenrolment_tells_nothing_new_about_steady_cells(small, chip):
    """Where no cell has drifted, two offsets differ by a codeword: the same n - k functions of the response."""
    steady = SramPuf.manufacture("steady", cells=small.cells, parameters=SramParameters(noise=0.0))
    rng = np.random.default_rng(5)
    reads = steady.read(rng, reads=5)
    first = enroll(reads, profile=small, entropy=rng.bytes)
    second = reenroll(reads, first.helper, profile=small, entropy=rng.bytes)
    difference = first.helper.offset_bits ^ second.helper.offset_bits
    found = small.code.decode(values_of(difference[None]))
    assert np.array_equal(small.code.encode(found.message)[0], difference)
    assert difference.any()


def test_a_failed_reenrolment_enrols_nothing(small, chip, made, entropy):
    """Another device, or forged helper data, is refused before a new key is made."""
    other = SramPuf.manufacture("impostor", cells=small.cells).read(np.random.default_rng(1), reads=7)
    with pytest.raises(WrongDevice):
        reenroll(other, made.helper, profile=small, entropy=entropy)
    with pytest.raises(HelperDataForged):
        reenroll(chip.read(np.random.default_rng(1), reads=7), replace(made.helper, salt=bytes(32)), profile=small,
                 entropy=entropy)  # fmt: skip
    with pytest.raises(ParameterError, match="at least 5"):
        reenroll(chip.read(np.random.default_rng(1)), made.helper, profile=small, entropy=entropy)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_named_profiles_state_their_failure_rate(profile):
    """The default is proven to fail at most once in 1e9 at 15 %; every profile's bound grows with the error rate."""
    bounds = [profile.failure_bound(error) for error in (0.02, 0.05, 0.1)]
    assert bounds == sorted(bounds)
    assert max(PROFILE.failure_bound(0.15), POLAR_128.failure_bound(0.15)) <= 1e-9
    assert PROFILE.bits == 256


@pytest.mark.parametrize(("n", "count"), [(1024, 150), (1408, 150), (2304, 280)])
def test_polar_sets_are_what_the_design_gives(n, count):
    """The stored sets are as good as new ones: the same bound to within a thousandth."""
    stored = {1024: INFORMATION_1024, 1408: INFORMATION_1408, 2304: INFORMATION_2304}[n]
    one, other = (
        Polar(n=n, information=information, checks=16, paths=1, error=0.15).failure_bound(0.15)
        for information in (stored, design(n, count, error=0.15))
    )
    assert one == pytest.approx(other, rel=1e-3)


def test_unfit_readouts_are_told(small, chip, made, entropy):
    """Stuck, one-sided and repeated read-outs, other lengths, types and values: refused before they are used."""
    good = chip.read(np.random.default_rng(1), reads=5)
    unhealthy = [np.zeros_like(good), np.ones_like(good), np.tile(good[:, :160], 10), good & good[:, ::-1] & good[0]]
    for reads in unhealthy:
        for call in (
            lambda reads: enroll(reads, profile=small, entropy=entropy),
            lambda reads: reproduce(reads, made.helper, profile=small),
        ):
            with pytest.raises(ReadoutUnhealthy):
                call(reads)
    malformed = [good[:, :-1], good[:0], good.astype(np.float64), good + np.uint8(1), good[None]]
    for reads in malformed:
        with pytest.raises(ReadoutMalformed):
            reproduce(reads, made.helper, profile=small)


def test_too_few_reads_and_too_noisy_cells_are_told(small, chip, entropy):
    """Enrolment refuses fewer reads than the profile asks for and chips without enough steady cells."""
    with pytest.raises(ParameterError, match="at least 5"):
        enroll(chip.read(np.random.default_rng(1), reads=4), profile=small, entropy=entropy)
    noisy = SramPuf.manufacture("noisy", cells=small.cells, parameters=SramParameters(noise=4.0))
    with pytest.raises(TooFewReliableCells, match="reliable cells"):
        enroll(noisy.read(np.random.default_rng(1), reads=9), profile=small, entropy=entropy)


def test_selection_is_steady_balanced_and_blind_to_position(small, chip, entropy):
    """As many ones as zeros, none steadier left out, and the tie-break depends on entropy alone."""
    reads = chip.read(np.random.default_rng(1), reads=9)
    values, wavering = majority(reads)
    chosen = select(reads, profile=small, entropy=entropy)
    assert values[chosen].sum() * 2 == len(chosen) == small.code.n
    for value in (0, 1):
        left = np.setdiff1d(np.flatnonzero(values == value), chosen)
        assert wavering[left].min() >= wavering[chosen[values[chosen] == value]].max()
    order = np.random.default_rng(2).permutation(small.cells)
    again = select(reads[:, order], profile=small, entropy=np.random.default_rng(3).bytes)
    assert len(np.intersect1d(order[again], chosen)) < len(chosen)


@pytest.mark.parametrize(
    "change",
    [{"name": "Bad Name"}, {"name": ""}, {"bits": 120}, {"bits": 132}, {"bits": 144}, {"cells": 800}, {"reads": 0},
     {"darkness": 0.5}, {"max_error": 0.0}],
)  # fmt: skip
def test_impossible_profiles_are_refused(small, change):
    """Names, key lengths that the code cannot support, too few cells, thresholds out of range."""
    fields = {name: getattr(small, name) for name in Profile.__slots__}
    with pytest.raises(ParameterError):
        Profile(**{**fields, **change})


def test_profile_ids_cover_every_parameter(small):
    """Changing any number changes the id."""
    changes = [{"name": "other"}, {"cells": 1601}, {"bits": 136}, {"reads": 6}, {"darkness": 0.1}, {"max_error": 0.2}]
    ids = {small.id, *(replace(small, **change).id for change in changes)}
    assert len(ids) == len(changes) + 1


def test_identity_needs_a_key():
    """A key shorter than 16 bytes is refused."""
    with pytest.raises(ParameterError, match="too short"):
        key_identity(b"short")

"""Verifier pack and signing kit: whole files or clear errors."""

import contextlib
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint import errors, tensorfile
from fingerprint.kit import SigningKit
from fingerprint.observation import Kind
from fingerprint.pack import VerifierPack
from fingerprint.pool import Term, default_pool


def test_round_trip(release):
    """Equal values, equal bytes, equal release id."""
    data = release.pack.to_bytes()
    again = VerifierPack.from_bytes(data)
    assert again.to_bytes() == data
    assert again.release_id == release.pack.release_id
    assert again.pool == release.pack.pool
    assert np.array_equal(again.features, release.pack.features)


def test_kit_round_trip(release):
    """Equal bytes, and the same signature; with and without a minting map."""
    for kit in (release.kit, dataclasses.replace(release.kit, minting=None)):
        again = SigningKit.from_bytes(kit.to_bytes())
        assert again.to_bytes() == kit.to_bytes()
        assert np.array_equal(again.signature_map(release.codeword(1)), kit.signature_map(release.codeword(1)))


@settings(max_examples=60)
@given(data=st.data())
def test_cut_files_are_refused(release, data):
    """A file cut anywhere, or with bytes appended, is malformed; nothing else escapes."""
    for whole, read, error in (
        (release.pack.to_bytes(), VerifierPack.from_bytes, errors.PackMalformed),
        (release.kit.to_bytes(), SigningKit.from_bytes, errors.KitMalformed),
    ):
        cut = data.draw(st.integers(0, len(whole) - 1))
        with pytest.raises(error):
            read(whole[:cut])
        with pytest.raises(error):
            read(whole + b"\0")


@settings(max_examples=100)
@given(data=st.data())
def test_a_changed_bit_is_another_release_or_malformed(release, data):
    """Whatever bit changes, the pack is refused or its id is another."""
    whole = bytearray(release.pack.to_bytes())
    place = data.draw(st.integers(0, 8 * 1200))
    whole[place // 8] ^= 1 << place % 8
    with contextlib.suppress(errors.PackMalformed):
        assert VerifierPack.from_bytes(bytes(whole)).release_id != release.pack.release_id


def test_a_huge_declared_header_is_refused():
    """A header length beyond the file is refused before anything is read."""
    with pytest.raises(errors.PackMalformed):
        VerifierPack.from_bytes((1 << 62).to_bytes(8, "little") + b"{}")


def test_another_files_tensors_are_refused(release):
    """A safetensors file without our header, and one with unknown tensors."""
    header, tensors = tensorfile.load(release.pack.to_bytes())
    with pytest.raises(errors.PackMalformed):
        VerifierPack.from_bytes(tensorfile.save({**tensors, "extra": np.zeros(1, np.float32)}, header))
    with pytest.raises(errors.PackMalformed):
        VerifierPack.from_bytes(release.kit.to_bytes())


def bad_packs():
    """Changes that make a pack impossible."""
    pool = default_pool(("clean",))
    return {
        "short key": {"release_key": b"x"},
        "alpha": {"alpha": 0.0},
        "ridge": {"ridge": 0.0},
        "scheme": {"scheme": "static"},
        "probes": {"probes": np.zeros((3, 4), np.float32)},
        "flat probes": {"probes": np.zeros(400, np.float32)},
        "features": {"features": np.full((400, 6), np.nan, np.float32)},
        "float64": {"features": np.zeros((400, 6))},
        "no references": {"references": {}},
        "one class": {"references": {"clean": np.zeros((400, 1), np.float32)}},
        "references disagree": {
            "references": {"clean": np.zeros((400, 5), np.float32), "b": np.zeros((400, 4), np.float32)}
        },
        "kind without weights": {"pool": {**pool, Kind.LABELS: ()}},
        "nothing for rounded answers": {"pool": {**pool, Kind.PROBS: pool[Kind.PROBS][1:]}},
        "unknown reference": {"pool": default_pool(("base",))},
    }


@pytest.mark.parametrize("name", bad_packs())
def test_impossible_packs_are_refused(release, name):
    """Each with the core's own error."""
    with pytest.raises(errors.ParameterError):
        dataclasses.replace(release.pack, **bad_packs()[name])


@pytest.mark.parametrize("changed", [{"strength": 0.0}, {"sigma": float("inf")}, {"release_key": b"x"}, {"classes": 1}])
def test_impossible_kits_are_refused(release, changed):
    """Strength, sigma, key and classes."""
    with pytest.raises(errors.ParameterError):
        dataclasses.replace(release.kit, **changed)


@pytest.mark.parametrize(
    "changed", [{"estimator": "best"}, {"weight": 0.0}, {"weight": float("nan")}, {"temperature": 0.5}]
)
def test_impossible_weights_are_refused(changed):
    """Unknown estimators, weights that are not positive, temperatures below one."""
    with pytest.raises(errors.ParameterError):
        Term(**{"estimator": "score", "reference": "clean", "weight": 1.0, **changed})


def test_the_commitment_holds_no_secret(release):
    """Neither the release key nor a feature is in it, and it changes with every constant."""
    fields = release.pack.commitment()
    assert release.pack.release_key.hex() not in str(fields)
    for changed in ({"alpha": 1e-5}, {"ridge": 0.4}, {"release_key": b"z" * 32}, {"probes": release.pack.probes + 1}):
        assert dataclasses.replace(release.pack, **changed).commitment() != fields


def test_a_release_without_a_base_cannot_mint(release):
    """One clear error that says what to do instead."""
    with pytest.raises(errors.ParameterError, match="no minting base"):
        dataclasses.replace(release.kit, minting=None).head_delta(release.codeword(2))

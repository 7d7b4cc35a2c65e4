"""The dishonest accuser, on real digits: what works when the nonce is known beforehand fails through the registry."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.accuser import cast, counting, crafting
from benchmarks.accuser.grinding import codewords, grind, redrawn
from fingerprint import codeword, seeds
from fingerprint.pack import VerifierPack
from fingerprint.statistics import threshold
from registry.store import init_store, open_registry
from registry.verification import verify_case

ALPHA = 1e-2
RELEASE_KEY = b"release key of the accuser".ljust(32, b".")
NONCE = b"the nonce that is known".ljust(32, b".")
KNOWN = seeds.signs(b"codeword known beforehand", "known", count=9 * cast.COMPONENTS)
ACCUSED = "small network a"


@pytest.fixture(scope="module")
def who():
    """Accuser, surrogates, and eight independent models."""
    torch.set_num_threads(1)
    return cast.gather(epochs=10, surrogates=3)


@pytest.fixture(scope="module")
def honest(who) -> VerifierPack:
    """A pack with nothing wrong in it but its owner's intentions."""
    return crafting.honest(who, probes=200, release_key=RELEASE_KEY, alpha=ALPHA)


@pytest.fixture(scope="module")
def crafted(who) -> VerifierPack:
    """A pack whose features and reference were solved for."""
    return crafting.by_features(who, KNOWN, probes=200, release_key=RELEASE_KEY, alpha=ALPHA)


def test_many_codewords_are_the_ones_of_the_product():
    """The accuser's fast loop draws what `codeword.derive` draws."""
    keys = [bytes([number]) * 32 for number in range(3)]
    for key, word in zip(keys, codewords(keys, release="sha256:00", nonce=NONCE, bits=21), strict=True):
        np.testing.assert_array_equal(
            2 * word.astype(int) - 1, codeword.derive(key, release="sha256:00", nonce=NONCE, length=21)
        )


def _within(row: counting.Row) -> bool:
    """No rate above its alpha by more than four standard deviations."""
    return all(rate <= float(alpha) + 4 * np.sqrt(float(alpha) / row.trials) for alpha, rate in row.observed.items())


def test_an_honest_pack_accuses_nobody(who, honest):
    """Neither the known codeword nor fresh ones score."""
    row = counting.count("honest", who, replace(honest, alpha=1e-6), KNOWN, nonces=1000)
    assert (row.known_named, row.bound_named, row.named_after) == (0, 0, 0)
    assert _within(row)


def test_crafted_features_would_accuse_everybody_and_accuse_nobody(who, crafted):
    """Against the known codeword nearly all independent models are named at 1e-6; after the commitment none is."""
    row = counting.count("features", who, replace(crafted, alpha=1e-6), KNOWN, nonces=1000)
    assert row.known_named >= 7
    assert row.known_scores[1] > 9
    assert (row.bound_named, row.named_after) == (0, 0)
    assert _within(row)


def test_adversarial_probes_transfer_and_fail(who, honest):
    """False Claims: probes made on surrogates lift the scores of models that were never seen, and no fresh score."""
    pack = crafting.by_gradient(who, KNOWN, probes=200, steps=60, release_key=RELEASE_KEY, alpha=1e-6)
    before = counting.count("honest", who, honest, KNOWN, nonces=2)
    after = counting.count("gradient", who, pack, KNOWN, nonces=1000)
    assert sum(after.known_scores) > sum(before.known_scores) + 2
    assert after.known_scores[1] > threshold(ALPHA, 1)
    assert after.named_after == 0
    assert _within(after)


def test_ground_keys_fit_the_known_nonce_only(who, honest):
    """Four thousand keys reach the threshold of one in a hundred; under other nonces the best is like any other."""
    found = counting.evidence(who, honest)[ACCUSED].values
    best = grind([(honest.release_id, found)], nonce=NONCE, budget=4000)
    assert best.score > threshold(ALPHA, 1)
    raw = seeds.xof(b"nonces of the registrar", "tests", length=32 * 2000)
    again = redrawn(
        best, release=honest.release_id, evidence=found, nonces=[raw[i : i + 32] for i in range(0, len(raw), 32)]
    )
    assert (again >= best.score).mean() < 4 / 2000
    assert abs(again.mean()) < 4 / np.sqrt(2000)
    assert (again >= threshold(ALPHA, 1)).mean() < ALPHA


class Registrar:
    """Randomness of a registrar: drawn, or, where the accuser knows it, the nonce that was known."""

    def __init__(self, *, rigged: bool) -> None:
        self._stream = seeds.stream("tests/accuser", "registrar")
        self._rigged = rigged
        self.reserving = False

    def __call__(self, count: int) -> bytes:
        """Fresh bytes."""
        known = self._rigged and self.reserving and count == codeword.NONCE_BYTES
        return NONCE if known else self._stream.bytes(count)


@pytest.fixture
def accuse(tmp_path: Path, who) -> Callable[..., list[tuple[str, ...]]]:
    """Commits a pack, enrols a device, reserves copies and asks about an independent model; who is named each time."""

    def run(pack: VerifierPack, key: bytes, *, rigged: bool, copies: int = 1) -> list[tuple[str, ...]]:
        data, entropy = tmp_path / "data", Registrar(rigged=rigged)
        kind, answer = who.accused[ACCUSED]
        answers, named = answer(torch.as_tensor(pack.probes.copy())), []
        init_store(data, entropy=entropy)
        with open_registry(data, entropy=entropy) as store:
            with store.unit() as registry:
                tenant = registry.create_tenant("accuser").id
                registry.enroll_device(tenant, "d", helper_data=b"h", identity="ab" * 32, codeword_key=key)
                registry.commit_release(tenant, "r", pack=pack.to_bytes())
            for _ in range(copies):
                entropy.reserving = True
                with store.unit() as registry:
                    registry.reserve_copy(tenant, "r", "d")
                entropy.reserving = False
                with store.unit() as registry:
                    case = registry.open_case(tenant, "r", suspect="somebody else's model")
                    recorded = verify_case(registry, tenant, case.id, kind=kind, answers=answers)
                named.append(recorded.verdict.named)
            store.audit()
        return named

    return run


@pytest.fixture(scope="module")
def ground(who, honest) -> bytes:
    """A device key that fits an independent model under the known nonce."""
    evidence = counting.evidence(who, honest)[ACCUSED].values
    return grind([(honest.release_id, evidence)], nonce=NONCE, budget=4000).key


def test_with_a_nonce_known_beforehand_the_accuser_would_win(accuse, honest, ground):
    """A registrar whose nonce can be foretold: an innocent model is pinned on the device. The next test can fail."""
    (named,) = accuse(honest, ground, rigged=True)
    assert len(named) == 1


def test_with_a_nonce_drawn_after_the_commitment_the_accuser_loses(accuse, honest, ground):
    """The same pack, key and model; and reserving again and again does not help, for every copy is a hypothesis."""
    assert accuse(honest, ground, rigged=False, copies=12) == [()] * 12


def test_a_crafted_pack_loses_through_the_registry(accuse, crafted):
    """The codeword that the pack was made for is never the one that is drawn."""
    assert accuse(crafted, b"k" * 32, rigged=False, copies=3) == [()] * 3

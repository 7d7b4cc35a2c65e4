"""Packs about verdicts of the baselines `static` and `cosine`: recomputed like the others."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fingerprint import schemes, seeds
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from registry.errors import NotShown
from registry.evidence.examination import STEPS, examine
from registry.store import init_store, open_registry
from registry.verification import verify_case

from .conftest import DEVICES, World, key_of

PROBES, CLASSES = 480, 12


def _decoder() -> dict[str, Any]:
    """Of each bit: whether the answers push its class up more than the last one."""
    wide, own = 3 * CLASSES, np.zeros((3 * CLASSES, CLASSES - 1))
    own[: CLASSES - 1] = np.eye(CLASSES - 1)
    own[CLASSES - 1] = -1
    layers = {"mean": np.zeros(wide), "scale": np.ones(wide), "weight0": 0.01 * np.eye(wide), "bias0": np.zeros(wide)}
    layers |= {"weight1": own, "bias1": np.zeros(CLASSES - 1)}
    return {f"decoder.{name}": each.astype(np.float32) for name, each in layers.items()}


CHOSEN: dict[str, dict[str, Any]] = {
    "static": {"tensors": _decoder(), "alpha": 0.01},
    "cosine": {"settings": {"frequency": 4.0, "scale": 1.0, "trials": 60}, "alpha": 0.05},
}


def _pack(scheme: str) -> VerifierPack:
    draw = seeds.stream("tests", "evidence packs", scheme)
    clean = 2 * draw.normal(size=(PROBES, CLASSES))
    return VerifierPack(
        release_key=draw.bytes(32),
        probes=draw.normal(size=(PROBES, 3)).astype(np.float32),
        features=draw.normal(size=(PROBES, 2)).astype(np.float32),
        references={"clean": (clean - clean.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
        scheme=scheme,
        **CHOSEN[scheme],
    )


@pytest.fixture(scope="module", params=["static", "cosine"])
def baseline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A release of a baseline, edge-1's copy leaked, and a clean model."""
    pack = _pack(request.param)
    directory = tmp_path_factory.mktemp(request.param) / "data"
    init_store(directory, kek=bytes(range(32)), origin="example.com/log")
    drawn = seeds.stream("tests", "evidence packs", request.param, "registrar").bytes  # alpha leaves much to chance
    with open_registry(directory, kek=bytes(range(32)), entropy=drawn) as store:
        with store.unit() as registry:
            tenant, vkey = registry.create_tenant("acme").id, registry.verifier_key()
            for name in DEVICES:
                registry.enroll_device(tenant, name, helper_data=b"h", identity="ab" * 32, codeword_key=key_of(name))
            registry.commit_release(tenant, "digits-1", pack=pack.to_bytes())
        with store.unit() as registry:
            copies = {name: registry.reserve_copy(tenant, "digits-1", name) for name in DEVICES}
        logits = pack.references["clean"].astype(np.float64)
        kit: Any = SimpleNamespace(strength=0.3, sigma=2.0, classes=CLASSES, settings=pack.settings)
        shift = schemes.scheme(pack.scheme).shift(
            kit, copies["edge-1"].codeword, inputs=pack.probes, logits=logits, whitened=pack.features
        )
        cases = {}
        for name, answers in (("leaked", logits + shift), ("clean", logits)):
            noise = 0.05 * seeds.stream("tests", "evidence packs", name).normal(size=logits.shape)
            with store.unit() as registry:
                cases[name] = registry.open_case(tenant, "digits-1", suspect=name).id
                verify_case(registry, tenant, cases[name], kind="logits", answers=answers + noise)
        yield World(store, tenant, cases, vkey, directory)


def test_a_baselines_verdict_is_recomputed(baseline: World, codeword_key_of: Any) -> None:
    """Every step holds, with the other program's score, and the holder's key opens the codeword."""
    pack = baseline.pack(device="edge-1", negative=[baseline.cases["clean"]])
    found = examine(baseline.file(pack, codeword_key=codeword_key_of("edge-1")))
    assert found.verified, found.failed
    assert found.finding is not None
    scheme = found.finding["scheme"]
    assert (found.finding["statistic"], found.finding["bound"]) == (
        schemes.scheme(scheme).statistic,
        schemes.scheme(scheme).bound,
    )
    with baseline.store.reading() as registry:
        ranked = registry.verdict(baseline.tenant, baseline.cases["leaked"]).verdict.ranked
    assert found.finding["score"] == ranked[0].score
    assert found.finding["named"] is ranked[0].named
    assert ranked[0].named


def test_a_clean_model_clears(baseline: World) -> None:
    """A pack of a baseline can say that the accused is not named."""
    found = examine(baseline.file(baseline.pack("clean", device="edge-2")))
    assert found.verified, found.failed
    assert found.finding is not None
    assert not found.finding["named"]


def test_another_score_is_wrong_arithmetic(baseline: World) -> None:
    """Whoever could log a better row of the accused fails at the verdict: score, p-value and name are recomputed."""
    honest = baseline.file(baseline.pack(device="edge-1"))
    for better in ({"score": honest.row.score + 1}, {"p_value": honest.row.p_value / 2}, {"family_wise_p": 1e-9}):
        file = baseline.file(honest.data)
        row = dataclasses.replace(honest.row, **better)
        file.__dict__["verdict"] = dataclasses.replace(honest.verdict, ranked=(row,))  # read before the step
        with pytest.raises(NotShown, match=r"score recomputed|p-values"):
            STEPS[11].check(file)

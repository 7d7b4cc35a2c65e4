"""Packs about cases that a look of the committed plan decided before all probes were asked."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fingerprint import canonical, carriers, seeds
from fingerprint.commitment import Commitment
from fingerprint.errors import PackMalformed, ParameterError
from fingerprint.pack import VerifierPack
from fingerprint.replay import looks
from fingerprint.replay.release import Release
from fingerprint.statistics import SequentialPlan
from registry.evidence import container, contents
from registry.evidence.examination import examine
from registry.store import init_store, open_registry
from registry.verification import settle, weigh

from .conftest import CLASSES, COMPONENTS, DEVICES, World, key_of, make_pack

PROBES, FIRST = 2000, 500
SUSPECTS = {"leaked": (0.5, 0.5), "late": (0.0, 0.5), "clean": (0.0, 0.0)}  # strength before and after the first look


def _decide(store: Any, tenant: str, pack: VerifierPack, plan: SequentialPlan, suspect: str, answers: Any) -> str:
    """As a worker does it: the looks in their order, until one names somebody."""
    with store.unit() as registry:
        case = registry.open_case(tenant, "digits-1", suspect=suspect).id
    for look in plan.looks:
        with store.reading() as registry:
            weighed = weigh(registry, tenant, case, kind="logits", answers=answers[: look.probes], look=look)
        if weighed.verdict.named or look is plan.looks[-1]:
            with store.unit() as registry:
                settle(registry, weighed)
            break
    return str(case)


def _answers(pack: VerifierPack, codeword: Any, name: str) -> Any:
    matrix = carriers.signature_matrix(codeword, rotation=pack.rotation, classes=CLASSES)
    noise = 0.5 * seeds.stream("tests", "looks", name).normal(size=(PROBES, CLASSES))
    strength = np.repeat(SUSPECTS[name], [FIRST, PROBES - FIRST])[:, None]
    return pack.references["clean"] + noise + strength * (pack.features @ matrix.T) / np.sqrt(COMPONENTS)


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A release with a plan of looks at 500, 1,000 and 2,000 probes, and suspects decided by its looks."""
    directory, pack = tmp_path_factory.mktemp("looks") / "data", make_pack(PROBES)
    init_store(directory, kek=bytes(range(32)), origin="example.com/log")
    with open_registry(directory, kek=bytes(range(32))) as store:
        with store.unit() as registry:
            tenant, vkey = registry.create_tenant("acme").id, registry.verifier_key()
            for name in DEVICES:
                registry.enroll_device(tenant, name, helper_data=b"h", identity="ab" * 32, codeword_key=key_of(name))
            registry.commit_release(tenant, "digits-1", pack=pack.to_bytes(), first_look=FIRST)
        with store.unit() as registry:
            copies = [registry.reserve_copy(tenant, "digits-1", name) for name in DEVICES]
        plan = SequentialPlan.doubling(pack.release_id, probes=PROBES, alpha=pack.alpha, first=FIRST)
        answers = {name: _answers(pack, copies[1].codeword, name) for name in SUSPECTS}
        cases = {name: _decide(store, tenant, pack, plan, name, answers[name]) for name in SUSPECTS}
        yield World(store, tenant, cases, vkey, directory)


@pytest.fixture(scope="module")
def early(looked: World) -> bytes:
    """A pack about the case that the first look decided, with controls that other looks decided."""
    return looked.pack(negative=[looked.cases["clean"]], positive=[looked.cases["late"]])


def _said(pack: bytes) -> Any:
    return json.loads(contents.raw(json.loads(container.read(pack)[contents.STATEMENT]), "payload"))["predicate"]


def test_an_early_look_is_recomputed_over_the_probes_asked(looked: World, early: bytes) -> None:
    """500 answers of 2,000, at a third of alpha: every step holds, controls were decided at their own looks."""
    said, found = _said(early), examine(looked.file(early))
    assert found.verified, found.failed
    assert (said["sequential"]["look"], said["sequential"]["of"]) == (1, 3)
    assert (said["finding"]["probes"], said["finding"]["named"]) == (FIRST, True)
    assert 0 < said["finding"]["alpha"] < said["finding"]["threshold"] * 1e-6 / 3
    assert "decided at look 1 of 3, 500 probes" in found.steps[8].detail
    assert len(container.read(early)[contents.EXCHANGES].splitlines()) == FIRST
    (late,), (clean,) = said["positiveControls"], said["negativeControls"]["models"]
    assert (clean["look"], clean["named"]) == (3, False)
    assert late["look"] == 2
    assert late["named"]


def test_a_plan_that_names_nobody_ends_with_its_last_look(looked: World) -> None:
    """All probes, and still a look: at its part of alpha, not at all of it."""
    said = _said(pack := looked.pack("clean", device="edge-0"))
    assert examine(looked.file(pack)).verified
    assert said["sequential"]["look"] == 3
    assert said["finding"]["probes"] == PROBES
    assert said["finding"]["alpha"] < 1e-6


def _sequential(**changed: Any) -> Any:
    def change(_: dict[str, bytes], said: dict[str, Any]) -> None:
        said["sequential"] = {**said["sequential"], **changed} if changed else None

    return change


def _control(number: Any) -> Any:
    return lambda _, said: said["positiveControls"][0].update(look=number)


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("release", _sequential(look=2)),
        ("release", _sequential(look=3)),
        ("release", _sequential(look=0)),
        ("release", _sequential(look=4)),
        ("release", _sequential(look=True)),
        ("release", _sequential(look="1")),
        ("release", _sequential(of=1)),
        ("release", _sequential(plan="sha256:" + "0" * 64)),
        ("release", _sequential()),
        ("release", lambda _, said: said.pop("sequential")),
        ("release", lambda _, said: said.update(sequential=[1])),
        ("control models", _control(1)),
        ("control models", _control(None)),
        ("control models", _control(9)),
        ("control models", _control("2")),
    ],
)
def test_another_look_is_refused_at_its_step(
    looked: World, early: bytes, forge_in: Any, step: str, change: Any
) -> None:
    """Whoever holds the log's key cannot move a verdict to another look of the plan, nor to none."""
    failed = examine(looked.file(forge_in(looked, early, change))).failed
    assert failed is not None
    assert failed.name == step, failed


def test_all_probes_at_the_whole_alpha_are_no_look(looked: World, forge_in: Any) -> None:
    """An upload of all answers is judged at the release's alpha, and the pack says that the plan was not used."""
    with looked.store.unit() as registry:
        case = registry.open_case(looked.tenant, "digits-1", suspect="uploaded").id
        pack = registry.pack(looked.tenant, "digits-1")
        answers = pack.references["clean"] + seeds.stream("tests", "looks", "up").normal(size=(PROBES, CLASSES))
        settle(registry, weigh(registry, looked.tenant, case, kind="logits", answers=answers))
    looked.cases["uploaded"] = case
    made = looked.pack("uploaded", device="edge-2")
    found = examine(looked.file(made))
    assert found.verified
    assert _said(made)["sequential"] is None
    assert "committed and not used" in found.steps[8].detail
    stated = {"look": 3, "of": 3, "plan": _said(looked.pack())["sequential"]["plan"]}
    forged = forge_in(looked, made, lambda _, said: said.update(sequential=stated))
    assert examine(looked.file(forged)).failed.name == "release"  # type: ignore[union-attr]


def test_plans_are_read_as_they_were_committed() -> None:
    """The replay's plan is the first program's, digest and looks; a release without one has none."""
    pack = make_pack(300)
    release = Release.parse(pack.to_bytes())
    made = Commitment.of(pack, code="sha256:" + "0" * 64, first_look=100)
    assert made.plan is not None
    plan = looks.committed(release, canonical.decode(contents.COMMITMENT_TAG, made.to_bytes()))
    assert plan.digest == made.plan.digest
    assert plan.looks == tuple((look.probes, look.alpha) for look in made.plan.looks)
    for number, look in enumerate(made.plan.looks, 1):
        seen, first = plan.seen(release, number), pack.first(look.probes)
        assert (seen.probes == first.probes).all()
        assert (seen.features == first.features).all()
        assert (seen.count, seen.alpha, seen.release_id) == (look.probes, look.alpha, pack.release_id)
        assert plan.number_of(release, probes=look.probes, alpha=look.alpha) == number
    with pytest.raises(ParameterError, match="no look"):
        plan.number_of(release, probes=100, alpha=release.alpha)


@pytest.mark.parametrize(
    "changed",
    [
        {"digest": "sha256:" + "0" * 64},
        {"looks": [[100, 1e-7], [100, 1e-7]]},
        {"looks": [[100, 1e-7], [900, 1e-7]]},
        {"looks": [[100, 1e-6], [300, 1e-6]]},
        {"looks": [[100, 0.0]]},
        {"looks": [[1, 1e-7]]},
        {"looks": []},
        {"looks": None},
    ],
)
def test_plans_out_of_form_are_refused(changed: Any) -> None:
    """Looks that do not rise, ask or spend too much, or have another digest."""
    pack = make_pack(300)
    made = Commitment.of(pack, code="sha256:" + "0" * 64, first_look=100)
    fields = canonical.decode(contents.COMMITMENT_TAG, made.to_bytes())
    with pytest.raises(PackMalformed):
        looks.committed(Release.parse(pack.to_bytes()), {"sequential_plan": {**fields["sequential_plan"], **changed}})

"""From a teacher to a release whose copies are named: distilled, minted, and after each transform."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from distill import artefact, outputs, transforms
from distill.errors import ArtefactMalformed, FeaturesNotFound, SettingsError
from distill.mint import fit_minting_map, mint
from distill.release import Recipe, prepare_release, pupil
from distill.scores import Scores
from fingerprint import trace
from fingerprint.errors import ParameterError
from fingerprint.kit import SigningKit
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.probes import choose_probes
from fingerprint.schemes.subspace import signature_map
from fingerprint.verify import Candidates, gather, judge

DEVICES = 6


def scores(task, model, kind="logits"):
    """Score of every device, by number."""
    pack = task.prepared.pack
    z = outputs.logits(model, torch.tensor(pack.probes)).numpy()
    values = z if kind == "logits" else z.argmax(axis=1)
    many = Candidates(
        release=pack.release_id,
        devices=tuple(map(str, range(DEVICES))),
        copies=("",) * DEVICES,
        codewords=np.stack([task.codeword(i) for i in range(DEVICES)]),
    )
    found = judge(gather(pack, observe(kind, values, probes=pack.count, classes=pack.classes)), many)
    return {int(row.device): row.score for row in found.ranked}


@pytest.fixture(scope="session")
def copy(task):
    """A distilled copy of device 2."""
    return task.prepared.distil(task.codeword(2), seed=("tests", "copy")).model


def test_a_distilled_copy_carries_its_signature(task, copy):
    """30 carriers allow t = 5.5 at most; the true device is far ahead of every other."""
    t = scores(task, copy)
    assert t.pop(2) > 4.0
    assert max(t.values()) < 3.0


def test_a_minted_copy_carries_its_signature(task):
    """So does an edited base, and the base itself carries none."""
    t = scores(task, task.prepared.mint(task.codeword(4)))
    assert t.pop(4) > 4.0
    assert max(t.values()) < 3.0
    assert max(scores(task, task.prepared.base).values()) < 3.5


def test_labels_still_point_to_the_copy(task, copy):
    """Of class numbers alone the true device has the best score."""
    t = scores(task, copy, "labels")
    assert max(t, key=t.get) == 2


def _other():
    """Another architecture."""
    return nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 12), nn.Tanh(), nn.Linear(12, 4))


TRANSFORMS = {
    "int8": lambda task, m: transforms.quantise(m, bits=8),
    "fine-tuned": lambda task, m: transforms.finetune(m, task.inputs, task.labels, seed=("tests",)),
    "second-hand": lambda task, m: transforms.redistil(m, task.prepared.transfer, _other, seed=("tests",)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_signature_survives(task, copy, name):
    """The true device stays the best; the copy given is left as it was."""
    before = artefact.to_bytes(copy)
    t = scores(task, TRANSFORMS[name](task, copy))
    assert max(t, key=t.get) == 2
    assert t[2] > 2.5
    assert artefact.to_bytes(copy) == before


def test_an_average_points_to_its_members(task):
    """Both members of a coalition of two score above everybody else."""
    both = transforms.AverageOutputs([task.prepared.mint(task.codeword(i)) for i in (1, 5)])
    t = scores(task, both)
    assert set(sorted(t, key=t.get)[-2:]) == {1, 5}
    with pytest.raises(SettingsError):
        transforms.AverageOutputs([both])


def test_minting_is_reproducible_and_leaves_the_base_alone(task):
    """The same base, kit file and codeword give the same bytes."""
    prepared, before = task.prepared, artefact.to_bytes(task.prepared.base)
    kit = SigningKit.from_bytes(prepared.kit.to_bytes())
    one, two = (mint(prepared.base, k, task.codeword(3), head="head") for k in (prepared.kit, kit))
    assert artefact.to_bytes(one) == artefact.to_bytes(two) != before
    assert artefact.to_bytes(prepared.base) == before


def test_the_minting_map_is_least_squares(task):
    """A predicts h from the base's features about as well as an unregularised fit does."""
    prepared = task.prepared
    h = prepared.whitened
    a = fit_minting_map(prepared.base, prepared.transfer, h, head="head")
    design = np.column_stack([outputs.before_head(prepared.base, prepared.transfer, "head").numpy(), np.ones(len(h))])
    best = np.linalg.lstsq(design, h, rcond=None)[0]
    assert ((design @ a - h) ** 2).mean() < 1.05 * ((design @ best - h) ** 2).mean() + 1e-6


def test_a_copy_is_what_training_on_the_signed_teachers_scores_gives(task, copy):
    """Bit for bit, though a release keeps h and no features: those are asked of the teacher again here."""
    prepared = task.prepared
    says = Scores.of(task.teacher, prepared.transfer, "body").signed(prepared.kit, task.codeword(2))
    assert torch.equal(prepared.signed(prepared.teacher_logits, task.codeword(2)), says.values)
    again = pupil(prepared.student, prepared.transfer, says.values, prepared.recipe, seed=("tests", "copy")).model
    assert artefact.to_bytes(again) == artefact.to_bytes(copy)


def test_signed_copies_stay_accurate(task, copy):
    """Within three points of the clean students on this crude task."""
    clean = [outputs.accuracy(m, task.inputs, task.labels) for m in task.prepared.clean]
    assert outputs.accuracy(copy, task.inputs, task.labels) > np.mean(clean) - 0.03


def test_preparing_is_reproducible(task):
    """The same teacher, data, key and seed give the same release id."""
    again = prepare_release(
        task.teacher,
        features="body",
        student=task.prepared.student,
        head="head",
        transfer=task.prepared.transfer,
        probes=torch.tensor(task.prepared.pack.probes),
        release_key=bytes(range(32)),
        seed=("tests", "release"),
        recipe=task.prepared.recipe,
    )
    assert again.pack.release_id == task.prepared.pack.release_id
    assert VerifierPack.from_bytes(again.pack.to_bytes()).release_id == again.kit.release


def test_only_a_linear_head_with_bias_is_minted(task):
    """Another layer, or no such name, is one clear error."""
    for head in ("body", "nowhere"):
        with pytest.raises(FeaturesNotFound):
            mint(task.prepared.base, task.prepared.kit, task.codeword(0), head=head)
    with pytest.raises(ParameterError):
        Recipe(clean_students=1)


def test_artefacts_round_trip_and_refuse_strangers(task, copy):
    """Bytes to model and back; another architecture or cut bytes are refused."""
    data = artefact.to_bytes(copy)
    twin = task.prepared.student()
    artefact.load_into(twin, data)
    assert artefact.to_bytes(twin) == data
    assert artefact.digest(data).startswith("sha256:")
    for model, wrong in ((_other(), data), (twin, data[:-1]), (twin, b"")):
        with pytest.raises(ArtefactMalformed):
            artefact.load_into(model, wrong)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_quantised_weights_take_few_values(bits):
    """At most 2^bits - 1 values a row, each within half a step of the original."""
    layer = nn.Linear(300, 3)
    quantised = transforms.quantise(layer, bits=bits).weight
    assert all(len(row.unique()) <= 2**bits - 1 for row in quantised)
    step = layer.weight.abs().amax(dim=1, keepdim=True) / (2 ** (bits - 1) - 1)
    assert ((quantised - layer.weight).abs() <= step / 2 + 1e-6).all()


@pytest.mark.parametrize("bits", [1, 17])
def test_impossible_bits_are_refused(bits):
    """Only 2 to 16."""
    with pytest.raises(SettingsError):
        transforms.quantise(nn.Linear(2, 2), bits=bits)


@pytest.fixture(scope="module")
def rich(task):
    """The same release with probes of which every fourth is a mixture, and with what the base expresses."""
    pool = task.prepared.pack.probes
    return prepare_release(
        task.teacher,
        features="body",
        student=task.prepared.student,
        head="head",
        transfer=task.prepared.transfer,
        probes=torch.tensor(choose_probes(pool, len(pool), key=bytes(range(32)))),
        release_key=bytes(range(32)),
        seed=("tests", "release"),
        recipe=replace(task.prepared.recipe, minted=True, mixture_every=4),
        clean=task.prepared.clean,
    )


def test_a_minted_copy_differs_from_its_base_by_what_the_base_expresses(task, rich):
    """z_copy - z_base = S_d e on every probe."""
    probes, codeword = torch.tensor(rich.pack.probes), task.codeword(3)
    change = outputs.logits(rich.mint(codeword), probes).numpy() - outputs.logits(rich.base, probes).numpy()
    assert np.allclose(change, rich.pack.expressed @ signature_map(rich.kit, codeword).T, atol=1e-4)


def test_reading_what_the_base_expresses_helps_minted_copies(task, rich):
    """The pool with the base's features scores a minted copy at least as high as the pool without."""
    minted = rich.mint(task.codeword(4))
    plain = replace(rich.pack, expressed=None, pool=default_pool(("base", "clean"), mixed=True))
    seen = observe(
        "logits", outputs.logits(minted, torch.tensor(plain.probes)).numpy(), probes=plain.count, classes=plain.classes
    )
    with_base, without = (
        trace.scores(gather(pack, seen).values, task.codeword(4)[None])[0] for pack in (rich.pack, plain)
    )
    assert with_base > without > 4.0


def test_reference_models_are_the_clean_students(task):
    """Digests of their files, as whoever keeps them finds them again."""
    files = [artefact.to_bytes(model) for model in task.prepared.clean]
    assert task.prepared.reference_models == tuple(map(artefact.digest, files))
    assert len(set(task.prepared.reference_models)) == len(files)

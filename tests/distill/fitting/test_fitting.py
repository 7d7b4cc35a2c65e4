"""What schemes fit before a release is committed, and that all of them go through prepare, distil and verify."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from distill import fitting, outputs
from distill.errors import SettingsError
from distill.fitting.static import train_decoder
from distill.release import Prepared, prepare_release
from distill.signing import Signature, sign
from fingerprint import schemes, seeds
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.schemes.scoring import scoring
from fingerprint.schemes.static.network import forward
from fingerprint.verify import Candidates, gather, judge


def prepared(task, scheme: str) -> Prepared:
    """The task's release under another scheme, with the same clean students."""
    given = task.prepared
    return prepare_release(
        task.teacher,
        features="body",
        student=given.student,
        head="head",
        transfer=given.transfer,
        probes=torch.as_tensor(given.pack.probes),
        release_key=bytes(range(32)),
        seed=("tests", "fitting", scheme),
        recipe=replace(given.recipe, scheme=scheme, settings={"trials": 49} if scheme == "cosine" else {}, shadows=1),
        clean=given.clean,
    )


@pytest.fixture(scope="module")
def releases(task) -> dict[str, Prepared]:
    """One release under every scheme."""
    return {name: prepared(task, name) for name in schemes.CATALOGUE}


@pytest.fixture(params=list(schemes.CATALOGUE))
def release(request, releases) -> Prepared:
    """Each of them in turn."""
    return releases[request.param]


def candidates(release: Prepared, count: int = 4) -> Candidates:
    """Numbered devices."""
    words = np.stack([seeds.signs(b"device key" * 2, "fit", i, count=release.pack.bits) for i in range(count)])
    names = tuple(f"d{i}" for i in range(count))
    return Candidates(release=release.pack.release_id, devices=names, copies=names, codewords=words)


def test_every_scheme_has_its_fit():
    """The two catalogues hold the same names; another name is an error."""
    assert set(fitting.CATALOGUE) == set(schemes.CATALOGUE)
    with pytest.raises(SettingsError, match="static"):
        fitting.fit("magic", None)


def test_pack_and_kit_agree(release):
    """Settings are the same on both sides, the kit knows its pack, and the pack's bytes come back."""
    assert dict(release.kit.settings) == dict(release.pack.settings)
    assert release.kit.release == release.pack.release_id
    assert release.kit.bits == release.pack.bits
    assert VerifierPack.from_bytes(release.pack.to_bytes()).release_id == release.pack.release_id


def test_a_copy_can_be_distilled_and_verified(release):
    """A distilled copy answers, is judged without error, and at alpha one in a million nobody else is named."""
    many = candidates(release)
    copy = release.distil(many.codewords[1], seed=("tests", "fitting", "copy")).model
    logits = outputs.logits(copy, torch.as_tensor(release.pack.probes)).numpy()
    seen = observe("logits", logits, probes=release.pack.count, classes=release.pack.classes)
    assert set(judge(gather(release.pack, seen), many).named) <= {"d1"}


def test_a_static_copy_is_decoded_by_the_trained_network(releases):
    """The decoder, trained on other codewords, reads minted copies' bits with few errors."""
    release = releases["static"]
    many, rules = candidates(release), scoring("static")
    errors = []
    for word in many.codewords:
        logits = outputs.logits(release.mint(word), torch.as_tensor(release.pack.probes)).numpy()
        evidence = gather(release.pack, observe("logits", logits, probes=release.pack.count, classes=4))
        errors.append((rules.decoded(evidence) != rules.payload(word[None], classes=4)[0]).mean())
    assert np.mean(errors) < 0.2


def test_the_shift_of_the_default_scheme_is_the_signed_teachers(task):
    """Logits and shift of the kit are what `sign` gives, to single precision."""
    given = task.prepared
    word = task.codeword(3)
    features = outputs.with_features(task.teacher, given.transfer, "body")[1]
    shift = given.kit.shift(
        word,
        inputs=given.transfer.numpy(),
        logits=given.teacher_logits.numpy(),
        features=features.numpy(),
    )
    signed = sign(given.teacher_logits, features, Signature.of(given.kit, word))
    assert np.allclose(given.teacher_logits.numpy() + shift, signed.numpy(), atol=1e-4)


def test_a_decoder_learns_signs_from_summaries():
    """Torch trains, numpy reads: the pack's arrays give back the signs of a linear rule."""
    rng = seeds.stream("tests", "fitting", "decoder")
    x = rng.normal(size=(400, 12))
    y = np.where(x[:, :3] + x[:, 3:6] > 0, 1, -1).astype(np.int8)
    tensors = train_decoder(x, y, seed=("tests",))
    assert all(t.dtype == np.float32 for t in tensors.values())
    assert (np.sign(forward(tensors, x)) == y).mean() > 0.95


def test_the_same_release_is_fitted_twice_alike(task, releases):
    """Same words, same decoder: the pack's id is reproducible."""
    assert prepared(task, "static").pack.release_id == releases["static"].pack.release_id


def test_clean_students_given_are_used(task):
    """No student is trained when they are given."""
    assert prepared(task, "subspace").clean is task.prepared.clean

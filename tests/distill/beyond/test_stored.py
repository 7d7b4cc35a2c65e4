"""Teacher outputs on disk: the same numbers, kept through a kill, and no other file in their place."""

import os
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.computing import Computing, best
from distill.errors import OutputsCorrupt, SettingsError
from distill.loop import seeded
from distill.scores import Scores
from distill.stored import FEATURES, MANIFEST, SCORES, stored
from tests.distill.beyond.children import BLOCK, PROCESSES, Dying, inputs, kept, killed, network

TEACHER = seeded(network, "teacher")


def place(folder):
    """The one folder of outputs in there."""
    (found,) = folder.iterdir()
    return found


def same(one, other):
    """Both say the same, bit for bit."""
    return torch.equal(one.values, other.values) and torch.equal(one.features, other.features)


@pytest.fixture(scope="module")
def fresh():
    """Computed here, block by block."""
    parts = [Scores.of(TEACHER, part, "body") for part in torch.split(inputs(), BLOCK)]
    return Scores(
        contexts=inputs(),
        values=torch.cat([part.values for part in parts]),
        features=torch.cat([part.features for part in parts]),
    )


def test_a_killed_writer_is_gone_on_from(tmp_path, fresh):
    """kill -9 in block 3 of 5: two are kept, three are computed, and all is as if nothing had happened."""
    killed(kept, tmp_path, 2)
    assert (place(tmp_path) / MANIFEST).read_bytes().count(b"sha256:") == 2 + 2
    killed(kept, tmp_path, 1)
    assert same(kept(tmp_path, 2), fresh)
    assert same(kept(tmp_path, 0), fresh)  # nothing is left to compute: a teacher that cannot answer is not asked


def test_a_writer_killed_at_any_moment_leaves_nothing_wrong(tmp_path, fresh):
    """Killed from outside, whenever: what comes out afterwards is right."""
    for number in range(3):
        child = PROCESSES.Process(target=kept, args=(tmp_path, 99))
        child.start()
        child.join(timeout=0.02 * (number + 1))
        if child.pid is not None and child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
        child.join()
    assert same(kept(tmp_path, 99), fresh)


def test_what_is_mapped_can_be_written_to_without_reaching_the_disk(tmp_path, fresh):
    """A caller that changes its tensors changes nobody else's."""
    kept(tmp_path, 99).values.zero_()
    assert same(kept(tmp_path, 0), fresh)


def test_other_outputs_never_share_a_folder(tmp_path):
    """Another teacher, other inputs, another dtype, other features: each has its own."""
    more = Computing(dtype="bfloat16")
    plain = stored(TEACHER, inputs(), "body", folder=tmp_path)
    for found in (
        stored(seeded(network, "other"), inputs(), "body", folder=tmp_path),
        stored(TEACHER, inputs() + 1, "body", folder=tmp_path),
        stored(TEACHER, inputs(), "body.0", folder=tmp_path),
        stored(TEACHER, inputs(), "body", folder=tmp_path, computing=more),
    ):
        assert not same(found, plain)
    assert len(list(tmp_path.iterdir())) == 5
    assert same(stored(TEACHER, inputs(), "body", folder=tmp_path), plain)


def test_bfloat16_is_close_and_kept_exactly(tmp_path):
    """Autocast's own numbers, in float32 files."""
    halves = Computing(dtype="bfloat16")
    found = stored(TEACHER, inputs(), "body", folder=tmp_path, computing=halves)
    plain = stored(TEACHER, inputs(), "body", folder=tmp_path)
    assert torch.equal(found.values, found.values.to(torch.bfloat16).float())
    assert torch.allclose(found.values, plain.values, atol=0.05)


def test_a_compiled_teacher_says_the_same(tmp_path):
    """The graph that torch.compile captures, run without code generation, gives the same features and scores."""
    graph = Computing(compiler="eager")
    found = stored(TEACHER, inputs(), "body", folder=tmp_path / "a", computing=graph)
    assert same(found, stored(TEACHER, inputs(), "body", folder=tmp_path / "b"))


@settings(max_examples=40)
@given(st.sampled_from([SCORES, FEATURES, MANIFEST]), st.data())
def test_any_damage_is_one_clear_error(tmp_path_factory, file, data):
    """Flip a bit anywhere, or cut the file: it is named with the way out, and what it says works."""
    folder = tmp_path_factory.mktemp("damaged")
    mapped = stored(TEACHER, inputs(10), "body", folder=folder)
    right = replace(mapped, values=mapped.values.clone(), features=mapped.features.clone())  # its file is cut below
    path = place(folder) / file
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    with pytest.raises(OutputsCorrupt, match="remove the folder") as raised:
        stored(TEACHER, inputs(10), "body", folder=folder)
    assert str(place(folder)) in str(raised.value)
    shutil.rmtree(place(folder))
    assert same(stored(TEACHER, inputs(10), "body", folder=folder), right)


def test_features_need_a_name(tmp_path):
    """A callable is not told from another one."""
    with pytest.raises(SettingsError, match="name the module"):
        stored(TEACHER, inputs(), torch.sin, folder=tmp_path)


def test_impossible_computing_is_refused():
    """No such dtype, processor, or CUDA device; without one the best is plain."""
    for wrong in ({"dtype": "float8"}, {"processor": "nonsense"}):
        with pytest.raises(SettingsError):
            Computing(**wrong)
    if not torch.cuda.is_available():
        assert best() == Computing()
        with pytest.raises(SettingsError, match="no CUDA device"):
            Computing(processor="cuda")


def test_the_dying_teacher_is_the_teacher():
    """The fixture's own check."""
    assert np.array_equal(Dying(9).eval()(inputs()).detach(), TEACHER.eval()(inputs()).detach())

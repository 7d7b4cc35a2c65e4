"""CUDA: the same code gives what it gives on the CPU, to the tolerance that each test states."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from distill import outputs
from distill.checkpoint import Checkpoints
from distill.computing import Computing, best
from distill.loop import Settings, seeded, train
from distill.objectives import HintonKD
from distill.pull import pull
from distill.scores import Scores
from distill.signing import Signature, SignedTeacher
from distill.stored import stored
from distill.student_side import folded_teacher

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    pytest.mark.filterwarnings("ignore:TensorFloat32"),  # PyTorch's advice, not an error of ours
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch"),  # the compiler's own
]
PLAIN, COMPILED = {"processor": "cuda"}, {"processor": "cuda", "compiler": "inductor"}


def network(width: int, dropout: float = 0.0) -> nn.Module:
    """Two hidden layers."""
    layers = [nn.Linear(6, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 4))


def inputs() -> torch.Tensor:
    """500 rows: the last batch is a smaller one, so that a compiled graph meets another shape."""
    return torch.randn((500, 6), generator=torch.Generator().manual_seed(1))


def fit(computing, *, dropout=0.0, evaluate=None, checkpoints=None):
    """A short distillation."""
    fresh = seeded(lambda: network(64, dropout), "cuda")
    targets = outputs.logits(seeded(lambda: network(96), "teacher"), inputs())
    return train(
        fresh, inputs(), 8 * targets, HintonKD(), seed=("cuda",), settings=Settings(epochs=4, batch_size=64),
        computing=computing, evaluate=evaluate, checkpoints=checkpoints,
    )  # fmt: skip


def distance(one, other) -> float:
    """Root mean square difference of the scores, over the scores' own size."""
    first, second = (outputs.logits(done.model, inputs()) for done in (one, other))
    return float((first - second).square().mean().sqrt() / second.square().mean().sqrt())


@pytest.mark.parametrize("how", [PLAIN, COMPILED], ids=["as written", "compiled"])
def test_float32_trains_what_the_cpu_trains(how):
    """Scores within 1e-3 of the CPU's, as written and by inductor's kernels."""
    assert distance(fit(Computing(**how)), fit(Computing())) < 1e-3


def test_bfloat16_compiled_trains_what_the_cpu_trains():
    """The best there is: scores within 5 per cent of the CPU's, and a last loss within 5 per cent."""
    fast, plain = fit(best()), fit(Computing())
    assert best() == Computing(processor="cuda", dtype="bfloat16", compiler="inductor")
    assert distance(fast, plain) < 0.05
    assert fast.history[-1].loss == pytest.approx(plain.history[-1].loss, rel=0.05)


def test_a_stopped_training_goes_on_to_the_same_model(tmp_path):
    """Dropout and all: the device's random state is kept, scores are within 1e-6."""
    calls = []

    def stop(_model):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        fit(Computing(**PLAIN), dropout=0.3, evaluate=stop, checkpoints=Checkpoints(folder=tmp_path))
    done = fit(Computing(**PLAIN), dropout=0.3, checkpoints=Checkpoints(folder=tmp_path))
    assert [epoch.metric for epoch in done.history] == [0.0, 0.0, None, None]
    assert distance(done, fit(Computing(**PLAIN), dropout=0.3)) < 1e-6


@pytest.mark.parametrize("way", ["hook", "folded"])
@pytest.mark.parametrize("computing", [PLAIN, COMPILED, "best"], ids=["as written", "compiled", "best"])
def test_the_signature_reaches_the_loss(task, way, computing):
    """Asked on the device, the signed teacher pulls a student as the formula says: to 2 per cent, bfloat16 to 5."""
    x, signature = task.inputs[:400], Signature.of(task.prepared.kit, task.codeword(1))
    how = best() if computing == "best" else Computing(**computing)
    plain = Scores.of(task.teacher, x, "body")
    shift = plain.signed(task.prepared.kit, task.codeword(1)).values - plain.values
    if way == "hook":
        signed = SignedTeacher(task.teacher, features="body", signature=signature).eval()
    else:
        signed = folded_teacher(task.teacher, features="body", head="head", signature=signature, example=x[:8])
    said = []
    for teacher in (signed, task.teacher):  # the same rounding on both sides, so that the signature is what differs
        values, _ = outputs.with_features(teacher, x, lambda rows: rows, how)
        said.append(values)
    found = pull(HintonKD(), clean=plain.values, arrived=plain.values + said[0] - said[1], shift=shift)
    expected = pull(HintonKD(), clean=plain.values, arrived=plain.values + shift, shift=shift)
    assert found == pytest.approx(expected, rel=0.05 if computing == "best" else 0.02)


def test_stored_outputs_of_the_device_are_kept_and_sent_pinned(task, tmp_path):
    """Asked in bfloat16 on the device: close to the CPU's; the second time the same bits come from disk, pinned."""
    plain = Scores.of(task.teacher, task.inputs, "body")
    first, second = (stored(task.teacher, task.inputs, "body", folder=tmp_path, computing=best()) for _ in range(2))
    assert torch.equal(first.values, second.values)
    assert torch.equal(first.features, second.features)
    assert torch.allclose(first.values, plain.values, atol=0.05 * float(plain.values.abs().max()))
    sent = best().send(first.values[:64])
    assert sent.is_cuda
    assert torch.equal(sent.cpu(), first.values[:64])


def test_a_release_is_prepared_and_a_copy_distilled_on_the_device(task):
    """Clean students and a copy trained there answer like those of the CPU, to 5 per cent, for the same words."""
    there = replace(task.prepared, computing=Computing(**PLAIN))
    copies = [prepared.distil(task.codeword(1), seed=("cuda", "copy")).model for prepared in (there, task.prepared)]
    first, second = (outputs.logits(copy, task.inputs) for copy in copies)
    assert float((first - second).square().mean().sqrt() / second.square().mean().sqrt()) < 0.05

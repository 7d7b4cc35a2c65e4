"""The signature reaches the logits: by function and by wrapper, equal to the formula."""

import numpy as np
import pytest
import torch

from distill import outputs
from distill.errors import FeaturesNotFound, ShapeError
from distill.signing import Signature, SignedTeacher, sign
from distill.student_side import folded_teacher
from distill.taps import logits_and_features
from fingerprint.carriers import signature_matrix


def test_sign_is_the_formula(task):
    """z' = z + eps sigma_z M_d h / sqrt(k), with M_d and h computed the long way."""
    kit, c = task.prepared.kit, task.codeword(1)
    z, f = logits_and_features(task.teacher, task.inputs[:50], "body")
    h = kit.whitening(f.detach().numpy())
    m = signature_matrix(c, rotation=kit.rotation, classes=kit.classes)
    expected = z.detach().numpy() + kit.strength * kit.sigma * h @ m.T / np.sqrt(h.shape[1])
    assert np.allclose(sign(z, f, Signature.of(kit, c)).detach().numpy(), expected, atol=1e-4)


def test_wrapper_and_function_agree(task):
    """The signed teacher answers what `sign` gives, for features by name and by callable."""
    signature = Signature.of(task.prepared.kit, task.codeword(1))
    x = task.inputs[:50]
    expected = sign(*logits_and_features(task.teacher, x, "body"), signature)
    for features in ("body", task.teacher.body):
        assert torch.equal(SignedTeacher(task.teacher, features=features, signature=signature)(x), expected)


def test_the_signature_has_the_stated_strength(task):
    """The rms of the shift is about eps sigma_z sqrt((C-1)/C), and it leaves the common mode alone."""
    kit = task.prepared.kit
    z, f = outputs.with_features(task.teacher, task.prepared.transfer, "body")
    shift = sign(z, f, Signature.of(kit, task.codeword(1))) - z
    assert np.isclose(float(shift.square().mean().sqrt()), kit.strength * kit.sigma * np.sqrt(0.75), rtol=0.05)
    assert float(shift.sum(dim=1).abs().max()) < 1e-3


def test_gradients_flow_through_the_teacher(task):
    """A signed teacher can be part of a graph."""
    x = task.inputs[:4].clone().requires_grad_()
    SignedTeacher(task.teacher, features="body", signature=Signature.of(task.prepared.kit, task.codeword(1)))(
        x
    ).sum().backward()
    assert float(x.grad.abs().sum()) > 0


@pytest.mark.parametrize(("logits", "features"), [((5, 3), (5, 64)), ((5, 4), (5, 63))])
def test_other_widths_are_refused(task, logits, features):
    """Logits or features of another teacher."""
    with pytest.raises(ShapeError):
        sign(torch.zeros(logits), torch.zeros(features), Signature.of(task.prepared.kit, task.codeword(1)))


def test_a_folded_teacher_is_the_signed_one_and_shares_its_weights(task):
    """Within rounding of `sign`; the teacher is left as it is, and all but the last layer is the teacher's own."""
    signature, x = Signature.of(task.prepared.kit, task.codeword(1)), task.inputs[:50]
    before = {name: tensor.clone() for name, tensor in task.teacher.state_dict().items()}
    folded = folded_teacher(task.teacher, features="body", head="head", signature=signature, example=x[:3])
    expected = sign(*logits_and_features(task.teacher, x, "body"), signature)
    assert torch.allclose(folded(x), expected, atol=1e-4)
    assert {name for name, own in folded.named_parameters() if own is task.teacher.get_parameter(name)} == {
        "body.0.weight", "body.0.bias"
    }  # fmt: skip
    assert all(torch.equal(tensor, before[name]) for name, tensor in task.teacher.state_dict().items())


@pytest.mark.parametrize(("features", "head"), [("body", "body.0"), ("body.0", "head"), ("body", "body.1")])
def test_a_signature_is_folded_only_where_it_is_exact(task, features, head):
    """A layer that does not give the logits, one that reads other features, one that is not linear."""
    signature = Signature.of(task.prepared.kit, task.codeword(1))
    with pytest.raises((FeaturesNotFound, ShapeError)):
        folded_teacher(task.teacher, features=features, head=head, signature=signature, example=task.inputs[:9])


def test_under_autocast_a_signature_is_added_in_float32(task):
    """bfloat16 scores and features of a teacher: the sum is float32, and what was added is what the features give."""
    signature = Signature.of(task.prepared.kit, task.codeword(1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        z, f = logits_and_features(task.teacher, task.inputs[:50], "body")
        signed = sign(z, f, signature)
    assert (z.dtype, signed.dtype) == (torch.bfloat16, torch.float32)
    assert torch.equal(signed, sign(z.float(), f.float(), signature))

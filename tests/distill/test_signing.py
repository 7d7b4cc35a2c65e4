"""The signature reaches the logits: by function and by wrapper, equal to the formula."""

import numpy as np
import pytest
import torch

from distill.errors import ShapeError
from distill.signing import Signature, SignedTeacher, sign
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
    z, f = task.prepared.teacher_logits, task.prepared.teacher_features
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

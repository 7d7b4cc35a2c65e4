"""Whether a signature reached the loss: how hard an objective pulls a student towards it.

    pull = - < dL/dz (z; z') - dL/dz (z; z), s > n / <s, s>,   z' = z + s the signed scores as the objective got them

taken at a student that answers like the unsigned teacher. Nought means that the signature never arrived: a framework
that went past the wrapper, a store that cut it off, an objective that reads nothing of it. KL at T = 1 under a
confident teacher gives about 0.01, at T = 4 five times that.
"""

import torch
from torch import Tensor

from distill.errors import ShapeError
from distill.objectives import Objective


def pull(objective: Objective, *, clean: Tensor, arrived: Tensor, shift: Tensor) -> float:
    """The first-order pull, per unit of signature.

    Args:
        objective: that the copy is distilled with.
        clean: z, the teacher's unsigned scores, (n, C).
        arrived: what came out of the way in that is being checked, (n, C).
        shift: s, what should have been mixed in, (n, C).

    Raises:
        ShapeError: shapes that differ, or a shift that is nought.

    Example:
        >>> from distill.objectives import LogitMSE
        >>> z, s = torch.zeros(1, 2), torch.tensor([[1.0, -1.0]])
        >>> pull(LogitMSE(), clean=z, arrived=z + s, shift=s), pull(LogitMSE(), clean=z, arrived=z, shift=s)
        (1.0, 0.0)
    """
    if not clean.shape == arrived.shape == shift.shape or not shift.any():
        shapes = [tuple(part.shape) for part in (clean, arrived, shift)]
        raise ShapeError(
            f"clean, arrived and shift of shapes {shapes}; need three alike, and a shift that is not nought"
        )
    change = _gradient(objective, clean, arrived) - _gradient(objective, clean, clean)
    return 0.0 - float((change * shift).sum() * len(clean) / shift.square().sum())


def _gradient(objective: Objective, scores: Tensor, targets: Tensor) -> Tensor:
    student = scores.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective(student, targets), student)
    return gradient

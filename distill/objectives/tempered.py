"""What most objectives share: probabilities at a temperature, and the divergence between two rows of them.

log p(z; T) = log softmax(z / T)        KL(p || q) = sum_c p_c (log p_c - log q_c), averaged over rows
"""

from torch import Tensor
from torch.nn import functional

from distill.errors import SettingsError, ShapeError


def log_probabilities(logits: Tensor, temperature: float) -> Tensor:
    """log softmax(z / T) over the last axis."""
    return functional.log_softmax(logits / temperature, dim=-1)


def divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p || q) of log-probabilities (n, C), averaged over rows; where p is nought the term is nought."""
    return functional.kl_div(log_q, log_p, log_target=True, reduction="batchmean")


def check_positive(**settings: float) -> None:
    """Refuse constants of an objective that are not positive and finite.

    Raises:
        SettingsError: naming the constant.
    """
    for name, value in settings.items():
        if not 0 < value < float("inf"):
            raise SettingsError(f"{name} must be positive and finite, not {value}")


def check_same_shape(logits: Tensor, targets: Tensor) -> None:
    """Refuse scores of student and teacher over different sets: broadcasting would train on nonsense in silence.

    Raises:
        ShapeError: not both (n, C).
    """
    if logits.dim() != 2 or logits.shape != targets.shape:
        raise ShapeError(f"scores {tuple(logits.shape)} against {tuple(targets.shape)}; both must be (n, C)")

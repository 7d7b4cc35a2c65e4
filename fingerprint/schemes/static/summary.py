"""What a static offset leaves in a suspect's answers: C numbers per form of answer, against clean students.

| block | from | what |
|---|---|---|
| 1 | logits, logprobs | mean centred log-probability minus that of the reference, after its best scale |
| 2 | all but labels | log of the mean probability, minus the reference's |
| 3 | all | log of the share of every label, minus the reference's |

Blocks that a kind of answer does not have are zero; the decoder was trained with blocks left out.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from fingerprint.observation import Kind, Observation

Floats = NDArray[np.float64]
BLOCKS = 3


def summarise(observation: Observation, reference: Floats) -> Floats:
    """The decoder's input, float64 (3 C,).

    Args:
        observation: of the suspect.
        reference: z_ref, (n, C), rows summing to zero.
    """
    z = reference.astype(np.float64)
    q, p = observation.probabilities, softmax(z, axis=1)
    blocks = np.zeros((BLOCKS, observation.classes))
    blocks[2] = _shares(q) - _shares(p)
    if observation.kind is not Kind.LABELS:
        blocks[1] = np.log(q.mean(axis=0)) - np.log(p.mean(axis=0))
    if observation.kind in (Kind.LOGITS, Kind.LOGPROBS):
        blocks[0] = _mean_residual(observation.log_probabilities, z)
    return np.asarray((blocks - blocks.mean(axis=1, keepdims=True)).ravel())


def _shares(q: Floats) -> Floats:
    counts = np.bincount(q.argmax(axis=1), minlength=q.shape[1])
    return np.asarray(np.log((counts + 0.5) / (len(q) + 0.5 * q.shape[1])))


def _mean_residual(log_probabilities: Floats, reference: Floats) -> Floats:
    centred = log_probabilities - log_probabilities.mean(axis=1, keepdims=True)
    spread = reference - reference.mean(axis=0)
    power = float((spread * spread).sum())
    scale = float((centred * spread).sum()) / power if power > 0 else 1.0
    if abs(scale) < 1e-6:  # answers that have nothing to do with the reference
        scale = 1.0
    return np.asarray(centred.mean(axis=0) / scale - reference.mean(axis=0))

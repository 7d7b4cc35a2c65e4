"""The cosine scheme's constants: nothing is trained.

The frequency is the one of 0.5, 1, 2, 3 and 5 at which students of Fashion-MNIST teachers carry the mark best: their
signal-to-noise ratio is 4 to 6 at 2, and under 1 at 5, a wave too fast to learn.
"""

from distill.fitting.base import Fitted, Ground
from fingerprint.schemes.cosine import scale

FREQUENCY = 2.0  # radians per standard deviation of the inputs along a random direction
TRIALS = 999
BITS = 128


def fit_cosine(ground: Ground) -> Fitted:
    """Settings `frequency`, `scale`, `trials`, `bits`; what the recipe sets is kept."""
    constants = {"frequency": FREQUENCY, "trials": TRIALS, "bits": BITS, "scale": scale(ground.transfer.numpy())}
    return Fitted(settings={**constants, **ground.kit.settings})

"""The cosine scheme's constants: nothing is trained."""

from distill.fitting.base import Fitted, Ground
from fingerprint.schemes.cosine import scale

FREQUENCY = 5.0  # radians per standard deviation of the inputs along a random direction
TRIALS = 999
BITS = 128


def fit_cosine(ground: Ground) -> Fitted:
    """Settings `frequency`, `scale`, `trials`, `bits`; what the recipe sets is kept."""
    constants = {"frequency": FREQUENCY, "trials": TRIALS, "bits": BITS, "scale": scale(ground.transfer.numpy())}
    return Fitted(settings={**constants, **ground.kit.settings})

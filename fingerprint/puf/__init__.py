"""Physically unclonable functions: simulated silicon, read-outs, and the key that a device finds again.

Example:
    >>> import os
    >>> import numpy as np
    >>> from fingerprint import puf
    >>> chip = puf.Silicon.manufacture(os.urandom, cells=puf.PROFILE.cells)
    >>> noise = np.random.default_rng(7)
    >>> made = puf.enroll(chip.read(noise, reads=8), profile=puf.PROFILE, entropy=os.urandom)
    >>> hot = chip.read(noise, environment=puf.Environment(celsius=85))
    >>> puf.reproduce(hot[0], puf.HelperData.from_bytes(made.helper.to_bytes())) == made.key
    True
"""

from fingerprint.extractor import (
    PROFILE,
    PROFILES,
    Enrolment,
    HelperData,
    Profile,
    enroll,
    key_identity,
    reenroll,
    reproduce,
)
from fingerprint.puf import measured, metrics, modelling
from fingerprint.puf.arbiter import ArbiterPuf
from fingerprint.puf.base import StrongPuf, WeakPuf
from fingerprint.puf.delay import Chains, DelayParameters
from fingerprint.puf.environment import AGED, COLD, CORNERS, HIGH_SUPPLY, HOT, LOW_SUPPLY, NOMINAL, Environment
from fingerprint.puf.feed_forward import FeedForwardPuf
from fingerprint.puf.interpose import InterposePuf
from fingerprint.puf.ring_oscillator import RingOscillatorPuf, RingParameters
from fingerprint.puf.silicon import Silicon
from fingerprint.puf.sram import SramParameters, SramPuf

__all__ = [
    "AGED",
    "COLD",
    "CORNERS",
    "HIGH_SUPPLY",
    "HOT",
    "LOW_SUPPLY",
    "NOMINAL",
    "PROFILE",
    "PROFILES",
    "ArbiterPuf",
    "Chains",
    "DelayParameters",
    "Enrolment",
    "Environment",
    "FeedForwardPuf",
    "HelperData",
    "InterposePuf",
    "Profile",
    "RingOscillatorPuf",
    "RingParameters",
    "Silicon",
    "SramParameters",
    "SramPuf",
    "StrongPuf",
    "WeakPuf",
    "enroll",
    "key_identity",
    "measured",
    "metrics",
    "modelling",
    "reenroll",
    "reproduce",
]

"""Response and helper data to key: the fuzzy extractor."""

from fingerprint.extractor.fuzzy import Enrolment, enroll, reenroll, reproduce
from fingerprint.extractor.helper import HelperData
from fingerprint.extractor.keys import key_identity
from fingerprint.extractor.profile import Profile
from fingerprint.extractor.profiles import GOLAY_256, POLAR_128, POLAR_128_SHORT, POLAR_256, PROFILE, PROFILES

__all__ = [
    "GOLAY_256",
    "POLAR_128",
    "POLAR_128_SHORT",
    "POLAR_256",
    "PROFILE",
    "PROFILES",
    "Enrolment",
    "HelperData",
    "Profile",
    "enroll",
    "key_identity",
    "reenroll",
    "reproduce",
]

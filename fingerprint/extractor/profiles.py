"""Named profiles. Old ones stay under their name: helper data that was made with them must remain usable."""

from collections.abc import Mapping
from types import MappingProxyType

from fingerprint.codes import Blocks, Concatenated, Golay, Repetition
from fingerprint.errors import ProfileMismatch
from fingerprint.extractor.profile import Profile

#: 22 Golay words inside a repetition code, the classic light construction (Bösch et al., CHES 2008).
GOLAY_256 = Profile(
    name="golay-256", code=Concatenated(Blocks(Golay(), 22), Repetition(5)), cells=4096, bits=256, max_error=0.27
)

PROFILE = GOLAY_256

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.id: profile for profile in (GOLAY_256,)})


def find(profile_id: str) -> Profile:
    """The named profile with this id.

    Raises:
        ProfileMismatch: no profile of this version has it.
    """
    if profile_id not in PROFILES:
        raise ProfileMismatch(f"no profile {profile_id!r} in this version; known: {', '.join(PROFILES)}")
    return PROFILES[profile_id]

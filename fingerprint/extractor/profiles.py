"""Named profiles. Old ones stay under their name: helper data that was made with them must remain usable."""

from collections.abc import Mapping
from types import MappingProxyType

from fingerprint.codes import Blocks, Concatenated, Golay, Polar, Repetition
from fingerprint.codes.polar_sets import INFORMATION_1024, INFORMATION_1408, INFORMATION_2304
from fingerprint.errors import ProfileMismatch
from fingerprint.extractor.profile import Profile

#: 22 Golay words inside a repetition code, the classic light construction (Bösch et al., CHES 2008).
GOLAY_256 = Profile(
    name="golay-256", code=Concatenated(Blocks(Golay(), 22), Repetition(5)), cells=4096, bits=256, max_error=0.27
)

#: 2,304 response bits; plain successive cancellation already fails with at most 5e-10 at 15 %
#: (`Profile.failure_bound`), and the list comes on top. The default.
POLAR_256 = Profile(
    name="polar-256",
    code=Polar(n=2304, information=INFORMATION_2304, checks=16, paths=8, error=0.15),
    cells=4096,
    bits=256,
    max_error=0.27,
)

#: A 128-bit key from 1,408 response bits, proven like the default: at most 9e-10 at 15 %.
POLAR_128 = Profile(
    name="polar-128",
    code=Polar(n=1408, information=INFORMATION_1408, checks=16, paths=8, error=0.15),
    cells=2560,
    bits=128,
    max_error=0.27,
)

#: A 128-bit key from 1,024 response bits, as many as arXiv 1701.07320 takes. Its failure rate at 15 % with lists of up
#: to 512 paths is extrapolated from measured rates and not proven, see docs/puf.md: choose `POLAR_128` if cells allow.
POLAR_128_SHORT = Profile(
    name="polar-128-short",
    code=Polar(n=1024, information=INFORMATION_1024, checks=16, paths=512, error=0.15),
    cells=2048,
    bits=128,
    max_error=0.27,
)

PROFILE = POLAR_256

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.id: profile for profile in (POLAR_256, POLAR_128, POLAR_128_SHORT, GOLAY_256)}
)


def find(profile_id: str) -> Profile:
    """The named profile with this id.

    Raises:
        ProfileMismatch: no profile of this version has it.
    """
    if profile_id not in PROFILES:
        raise ProfileMismatch(f"no profile {profile_id!r} in this version; known: {', '.join(PROFILES)}")
    return PROFILES[profile_id]

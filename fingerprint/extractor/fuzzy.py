"""The fuzzy extractor: a noisy response and public helper data give exactly the enrolled key, or an error.

Code-offset construction (Dodis, Reyzin, Smith 2004): offset = selected response XOR Enc(m) for a random message m; the
key is derived from m.

Reconstruction, in order, with what each step stops:

1. the profile asked for is the helper data's: a silent wrong key from other parameters;
2. every read-out is well-formed and healthy: the same key for every device whose memory reads zeros;
3. decode received = read-out XOR offset: the noise;
4. at most `max_error` of the selected cells are wrong: another device, or helper data of another device;
5. the tag holds under the recovered key: helper data changed on purpose, and any wrong key whatever;
6. the generation is not revoked: an old key brought back with its authentic old helper data.

Altered bytes are refused before, by `HelperData.from_bytes`.

The errors are distinct for the device's owner. Whoever supplies the helper data must only learn that it failed: by
adding errors up to the edge of what is decoded, the difference between steps 4 and 5 would tell response bits one by
one (helper-data manipulation; Delvaux and Verbauwhede 2014).
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.codes import bits_of, values_of
from fingerprint.errors import HelperDataForged, HelperDataRevoked, ParameterError, ProfileMismatch, WrongDevice
from fingerprint.extractor import health, keys, profiles
from fingerprint.extractor.helper import SALT_BYTES, TAG_BYTES, HelperData
from fingerprint.extractor.profile import Profile
from fingerprint.extractor.selection import majority, select


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What an enrolment gives.

    Attributes:
        helper: public helper data.
        key: the device key; it stays on the device.
        identity: `key_identity(key)`, for the registry to confirm a key by.
    """

    helper: HelperData
    key: bytes = field(repr=False)
    identity: str


def enroll(readouts: NDArray[np.uint8], *, profile: Profile, entropy: Callable[[int], bytes]) -> Enrolment:
    """A new key and its helper data from several read-outs of one device.

    Args:
        readouts: uint8 0 or 1, (reads, cells), at least `profile.reads` reads; more reads find more wavering cells.
        profile: the parameters, for example `fingerprint.puf.PROFILE`.
        entropy: n -> n secret random bytes, for example `os.urandom`.

    Example:
        >>> import os
        >>> from fingerprint import puf
        >>> chip = puf.SramPuf.manufacture("example", cells=puf.PROFILE.cells)
        >>> noise = np.random.default_rng(1)
        >>> made = enroll(chip.read(noise, reads=8), profile=puf.PROFILE, entropy=os.urandom)
        >>> reproduce(chip.read(noise), made.helper) == made.key
        True

    Raises:
        ReadoutMalformed: another number of cells, or values other than 0 and 1.
        ReadoutUnhealthy: a read-out is stuck, repeated or one-sided.
        TooFewReliableCells: too few steady ones or zeros.
        ParameterError: fewer reads than the profile asks for.
    """
    reads = _enough(readouts, profile)
    selected = select(reads, profile=profile, entropy=entropy)
    return _sealed(reads, selected, profile=profile, entropy=entropy, generation=0)


def reenroll(
    readouts: NDArray[np.uint8], previous: HelperData, *, profile: Profile, entropy: Callable[[int], bytes]
) -> Enrolment:
    """A new key for an enrolled device, from the same cells, one generation later.

    The device must first find its present key, so a forged or foreign helper data cannot steer the new one. The mask
    stays: then both offsets tell the same n - k linear functions of the response and, where cells have drifted, the
    drift's. A new mask would tell further functions of the same cells until no entropy is left.

    Args:
        readouts: as for `enroll`.
        previous: the helper data in use. Revoke it once the new one is stored: `reproduce(..., generation=...)`.
        profile: the same profile.
        entropy: n -> n secret random bytes.

    Raises:
        ReconstructionError: as `reproduce` does; nothing is enrolled then, and the previous helper data stays valid.
        ParameterError: fewer reads than the profile asks for.
    """
    reads = _enough(readouts, profile)
    reproduce(reads, previous, profile=profile)
    generation = previous.generation + 1
    return _sealed(reads, previous.selected, profile=profile, entropy=entropy, generation=generation)


def _enough(readouts: NDArray[np.uint8], profile: Profile) -> NDArray[np.uint8]:
    reads = health.shaped(readouts, profile.cells)
    if len(reads) < profile.reads:
        raise ParameterError(f"{len(reads)} read-outs; profile {profile.id} enrols from at least {profile.reads}")
    health.check(reads)
    return reads


def _sealed(
    reads: NDArray[np.uint8],
    selected: NDArray[np.intp],
    *,
    profile: Profile,
    entropy: Callable[[int], bytes],
    generation: int,
) -> Enrolment:
    """Code-offset over the selected cells, authenticated under the key that it hides."""
    code = profile.code
    message = np.unpackbits(np.frombuffer(entropy(-(-code.k // 8)), dtype=np.uint8), count=code.k)
    offset = majority(reads)[0][selected] ^ code.encode(message[None])[0]
    salt = entropy(SALT_BYTES)
    key = keys.device_key(message, salt=salt, profile=profile)
    mask = np.zeros(profile.cells, dtype=np.uint8)
    mask[selected] = 1
    draft = HelperData(
        profile=profile.id,
        generation=generation,
        salt=salt,
        cells=profile.cells,
        mask=np.packbits(mask).tobytes(),
        offset=np.packbits(offset).tobytes(),
        tag=bytes(TAG_BYTES),
    )
    helper = replace(draft, tag=keys.tag(key, draft.signed_bytes()))
    return Enrolment(helper=helper, key=key, identity=keys.key_identity(key))


def reproduce(
    readout: NDArray[np.uint8], helper: HelperData, *, profile: Profile | None = None, generation: int = 0
) -> bytes:
    """Exactly the enrolled key.

    Args:
        readout: uint8 0 or 1, (cells,) or several reads (reads, cells), which are averaged.
        helper: helper data of the device.
        profile: the expected profile; None takes the named profile with the helper data's id.
        generation: the oldest generation that is still accepted; older helper data has been revoked.

    Raises:
        ProfileMismatch: helper data of another or an unknown profile.
        ReadoutMalformed: another number of cells, or values other than 0 and 1.
        ReadoutUnhealthy: a read-out is stuck, repeated or one-sided.
        WrongDevice: too far from the enrolled response.
        HelperDataForged: near enough, but the tag does not hold.
        HelperDataRevoked: authentic, but of an older generation.
    """
    profile = _agreed(helper, profile)  # 1
    reads = health.shaped(readout, profile.cells)  # 2
    health.check(reads)
    seen = values_of(reads).mean(axis=0)[helper.selected]
    received = (seen * values_of(helper.offset_bits))[None].astype(np.float32)
    found = profile.code.decode(received)  # 3
    wrong = float((profile.code.encode(found.message) != bits_of(received)).mean())  # 4
    if not found.ok[0] or wrong > profile.max_error:
        raise WrongDevice("the read-out is too far from the enrolled one: another device, or far too noisy")
    key = keys.device_key(found.message[0], salt=helper.salt, profile=profile)
    if not hmac.compare_digest(keys.tag(key, helper.signed_bytes()), helper.tag):  # 5
        raise HelperDataForged("the helper data is not authenticated by this device's key; enrol the device again")
    if helper.generation < generation:  # 6
        raise HelperDataRevoked(
            f"helper data of generation {helper.generation} was replaced; use generation {generation} or later"
        )
    return key


def _agreed(helper: HelperData, profile: Profile | None) -> Profile:
    if profile is None:
        profile = profiles.find(helper.profile)
    if profile.id != helper.profile or helper.cells != profile.cells or helper.n != profile.code.n:
        raise ProfileMismatch(
            f"helper data of profile {helper.profile!r}, not {profile.id!r}; enrol again to change it"
        )
    return profile

"""From a device's proof of possession to a recorded outcome: a numbered recipe.

| step | what | what it stops |
|---|---|---|
| 1 | the challenge is known, unused and not expired | replay; an answer kept for later |
| 2 | it is used up with the answer, and that is committed | a second try after a failure or a crash |
| 3 | the signature holds for the challenge's own bytes under the key that came with it | altered proofs |
| 4 | that key is the enrolled device's | another device |
| 5 | the outcome, whatever it is, is appended to the log as digests and committed | failures that nobody hears of |
| 6 | an outcome other than proven is raised | a result that can be overlooked |

Steps 1 and 2 are one unit of work, 3 to 5 the next.
"""

from collections.abc import Callable

from registry.errors import ForeignPossessionKey, PossessionProofAltered
from registry.records import Outcome, Possession
from registry.service import Registry
from registry.units import Store


def prove_possession(
    store: Store,
    tenant: str,
    challenge: str,
    *,
    public_key: bytes,
    signature: bytes,
    proven: Callable[[Registry], None] = lambda _: None,
) -> Possession:
    """The record of a proof that holds; one that does not is recorded as well, and then raised.

    Args:
        store: the registry.
        tenant: id of the tenant.
        challenge: id of an open challenge.
        public_key: 32 bytes, `fingerprint.possession.public_key` of the device's key.
        signature: 64 bytes, `fingerprint.possession.sign` of the challenge's message.
        proven: what else to do in the second unit, where the proof holds.

    Raises:
        UnknownChallenge, ChallengeUsed, ChallengeExpired, DeviceForgotten: step 1; nothing was changed.
        MalformedValue: a key or signature of another length; nothing was changed.
        PossessionProofAltered: step 3.
        ForeignPossessionKey: step 4.
    """
    with store.unit() as registry:  # 1, 2
        registry.answer_challenge(tenant, challenge, public_key=public_key, signature=signature)
    with store.unit() as registry:  # 3, 4, 5
        found = registry.judge_answer(tenant, challenge)
        if found.outcome is Outcome.PROVEN:
            proven(registry)
    where = f"the challenge is used up, and log entry {found.entry_index} says so; open another one to try again"
    if found.outcome is Outcome.ALTERED:  # 6
        raise PossessionProofAltered(f"the signature does not hold for challenge {challenge}: {where}")
    if found.outcome is Outcome.FOREIGN_KEY:
        raise ForeignPossessionKey(f"the proof is of another device than '{found.device}': {where}")
    return found

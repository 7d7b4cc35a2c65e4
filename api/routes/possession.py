"""Possession: ask a device, take its answer once, look at what it showed."""

from fastapi import APIRouter, status

from api.auth import ForLog, ForProofs
from api.idempotency import Once
from api.possession import Challenge, NewChallenge, Possession, Proof
from api.problems import documented

router = APIRouter(prefix="/v1", tags=["possession"], responses=documented(401, 403, 422))


@router.post(
    "/devices/{name}/challenges",
    status_code=status.HTTP_201_CREATED,
    responses=documented(400, 404, 409, 413),
    summary="Ask a device to prove who it is",
)
def open_challenge(desk: ForProofs, name: str, new: NewChallenge, _once: Once) -> Challenge:
    """Draw a challenge that names this registry, the tenant, the device and the purpose, and that expires.

    A revoked device can be asked too: a seized one is exactly that case. A forgotten one cannot.
    """
    return desk.open_challenge(name, purpose=new.purpose, seconds=new.seconds)


@router.get("/challenges/{challenge_id}", responses=documented(404, 409), summary="Look at a challenge")
def challenge(desk: ForLog, challenge_id: str) -> Challenge:
    """The challenge, and what its answer showed, with a proof against the newest checkpoint."""
    return desk.challenge(challenge_id)


@router.post(
    "/challenges/{challenge_id}/proof",
    status_code=status.HTTP_201_CREATED,
    responses=documented(400, 404, 409, 413),
    summary="Answer a challenge",
)
def prove(desk: ForProofs, challenge_id: str, proof: Proof, _once: Once) -> Possession:
    """Use the challenge up, then check the answer; the outcome stands in the log, whatever it is.

    Only a signature by the enrolled device's key is answered with 201. Another device's key and a signature that does
    not hold are different problems; both have been logged, and neither can be tried again on this challenge.
    """
    return desk.prove_possession(challenge_id, public_key=proof.public_key, signature=proof.signature)

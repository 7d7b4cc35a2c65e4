"""`countermark device prove`: the device shows that it is the enrolled one, without showing its key.

Exit codes: 0 proven, 3 not the enrolled device, 2 usage, 1 an error.
"""

from typing import Annotated, Any

import typer

from api.client import ServiceError
from api.commands import readouts as sources
from api.commands.desks import Data, Desk, Server, desk_of
from api.commands.output import AsJson, show_fields
from api.commands.readouts import Readouts, SiliconFile
from api.errors import kind_of
from api.possession import DEFAULT_SECONDS, Possession
from api.problems import PREFIX
from fingerprint import possession
from fingerprint.errors import WrongDevice
from fingerprint.puf import HelperData, reproduce
from registry.errors import ForeignPossessionKey

NOT_ENROLLED = 3
_FOREIGN = PREFIX + kind_of(ForeignPossessionKey).slug
Purpose = Annotated[
    str, typer.Option("--purpose", help="Why it is asked; the device signs it, the log keeps a digest.")
]
Seconds = Annotated[int, typer.Option("--seconds", min=1, max=86_400, help="How long the challenge can be answered.")]


class ChallengeMismatch(Exception):
    """A registry that asks for another signature than the one that it was asked to ask for."""


def prove(
    name: Annotated[str, typer.Argument(help="Name of the device.")],
    silicon: SiliconFile = None,
    readouts: Readouts = None,
    purpose: Purpose = "possession check",
    seconds: Seconds = DEFAULT_SECONDS,
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Prove that the device is the enrolled one: it rebuilds its key and signs a fresh challenge of the registry."""
    reads = sources.read(silicon, readouts, sources.REPRODUCTION_READS)
    with desk_of(data, server) as desk:
        helper = HelperData.from_bytes(desk.helper_data(name))
        try:
            key = reproduce(reads, helper)
        except WrongDevice as error:
            _not_enrolled({"device": name, "outcome": "other-read-out", "reason": str(error)}, as_json=as_json)
        found = _answered(desk, name, purpose, seconds, key)
    if isinstance(found, Possession):
        show_fields(found if as_json else _short(found), as_json=as_json)
        return
    _not_enrolled({"device": name, "outcome": "foreign-key", "reason": found}, as_json=as_json)


def _answered(desk: Desk, name: str, purpose: str, seconds: int, key: bytes) -> Possession | str:
    """The record of the proof, or why it is another device's."""
    challenge = desk.open_challenge(name, purpose=purpose, seconds=seconds)
    asked = possession.Challenge.from_bytes(challenge.message)
    if (asked.device, asked.purpose) != (name, purpose):
        raise ChallengeMismatch(f"the registry asks {asked.device!r} for {asked.purpose!r}; nothing was signed")
    signature, public = possession.sign(key, asked), possession.public_key(key)
    try:
        return desk.prove_possession(challenge.id, public_key=public, signature=signature)
    except ForeignPossessionKey as error:
        return str(error)
    except ServiceError as error:
        if error.problem.type != _FOREIGN:
            raise
        return error.problem.detail


def _short(found: Possession) -> dict[str, Any]:
    kept = ("device", "purpose", "outcome", "challenge_id", "key_digest", "recorded_at")
    return {**{name: getattr(found, name) for name in kept}, "log entry": found.log.entry_index}


def _not_enrolled(found: dict[str, Any], *, as_json: bool) -> None:
    show_fields(found, as_json=as_json)
    raise typer.Exit(NOT_ENROLLED)


def challenge(
    challenge_id: Annotated[str, typer.Argument(metavar="CHALLENGE", help="Id of the challenge.")],
    data: Data = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Look at a challenge that a device was asked, and at what its answer showed."""
    with desk_of(data, server) as desk:
        found = desk.challenge(challenge_id)
    show_fields(found, as_json=as_json)

"""A release committed now, or by an earlier run with the same pack."""

from collections.abc import Sequence

from api.client import ServiceError
from api.commands.desks import Desk
from api.schemas import Release
from fingerprint.errors import WrongRelease
from fingerprint.pack import VerifierPack
from registry.errors import UnknownRelease


def commit(desk: Desk, name: str, pack: bytes, reference_models: Sequence[str]) -> Release:
    """The release of that name and pack.

    Args:
        desk: where it is committed.
        name: of the release.
        pack: bytes of its verifier pack.
        reference_models: digests of the files of its clean students.

    Raises:
        WrongRelease: another pack was committed under that name.
    """
    try:
        found = desk.release(name)
    except UnknownRelease:
        return desk.commit_release(name, pack=pack, reference_models=reference_models)
    except ServiceError as error:
        if not error.problem.type.endswith("/unknown-release"):
            raise
        return desk.commit_release(name, pack=pack, reference_models=reference_models)
    given = VerifierPack.from_bytes(pack).release_id
    if found.release_id != given:
        raise WrongRelease(f"release {name!r} is {found.release_id}, the pack is {given}; choose another name")
    return found

"""A finished copy: from its file to the registered, signed file that leaves."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from api import provenance
from api.commands import files
from api.commands.desks import Desk
from api.commands.signing import path_of, sign_file
from api.schemas import Copy
from api.state_dicts import ArtefactError
from fingerprint.canonical import digest
from registry.errors import AlreadyIssued


def register(
    desk: Desk, copy_id: str, artefact: Path, *, out: Path | None, method: str, key: ec.EllipticCurvePrivateKey | None
) -> Copy:
    """Register the finished copy: the file as it is, or, into `out`, with its provenance written into it.

    Everything that can be refused is refused first; what is registered is the digest of the file that leaves.

    Raises:
        FileProblem: a file that cannot be read or written, or exists already.
        ArtefactError: provenance cannot be written into it.
        UnknownCopy, AlreadyIssued: as the desk says.
    """
    data, leaving = files.read(artefact), out or artefact
    if key is not None:
        files.check_free(path_of(leaving))
    if out is not None:
        files.check_free(out)
        data = _stamped(desk, copy_id, data, method)
        files.write(out, data)
    issued = desk.issue_copy(copy_id, artefact_digest=digest(data), method=method)
    sign_file(leaving, data, key)
    return issued


def finish(
    desk: Desk, release: str, device: str, file: Path, *, method: str, key: ec.EllipticCurvePrivateKey | None
) -> Copy:
    """The copy that a file says it is: issued and signed now, as far as an earlier run had not done so.

    Raises:
        ArtefactError: the file is no copy of this release for the device, or was changed after it was issued.
    """
    data = files.read(file)
    found = desk.copy(provenance.read(data).get("copy", ""))
    if (found.release, found.device) != (release, device):
        raise ArtefactError(
            f"{file} is a copy of {found.release!r} for {found.device!r}, not for {device!r}; move it away"
        )
    if found.issued_at is None:
        found = desk.issue_copy(found.id, artefact_digest=digest(data), method=method)
    if found.artefact_digest != digest(data):
        raise ArtefactError(f"{file} was changed after copy {found.id} was issued; move it away")
    sign_file(file, data, key)
    return found


def _stamped(desk: Desk, copy_id: str, data: bytes, method: str) -> bytes:
    reserved = desk.copy(copy_id)
    if reserved.issued_at is not None:
        raise AlreadyIssued(f"the copy {copy_id} was issued before; reserve another copy")
    release = desk.release(reserved.release).release_id
    return provenance.write(data, {"copy": copy_id, "release": release, "source": digest(data), "method": method})

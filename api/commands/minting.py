"""A device's copy from base to registered file, in steps that can be taken up again after a crash.

1. everything that can be refused is refused: kit, base, release, place of the file;
2. the copy is reserved: its codeword exists from now on;
3. the file is written whole, with the copy's id in its header;
4. the file's digest is registered as issued;
5. the file is signed, if there is a key to sign with.

A run that died between 3 and 5 left a file that names its copy: `resume` does the rest. One that died between 2 and 3
left a reservation without a file, which harms nobody.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from api import artefacts
from api.commands import files
from api.commands.desks import Desk
from api.commands.registering import finish
from api.commands.signing import sign_file
from api.schemas import Copy
from fingerprint.canonical import digest
from fingerprint.errors import WrongRelease
from fingerprint.kit import SigningKit


@dataclass(frozen=True, slots=True, kw_only=True)
class Minter:
    """What all copies of a release have in common.

    Attributes:
        desk: where copies are reserved and registered.
        kit: signs.
        release: name of the release.
        base: bytes of the base's state dict.
        head: name of its last layer.
        key: signs the files that leave; None leaves them unsigned.
    """

    desk: Desk
    kit: SigningKit
    release: str
    base: bytes
    head: str
    key: ec.EllipticCurvePrivateKey | None = None

    def check(self) -> None:
        """Step 1, as far as it is the same for every device.

        Raises:
            ArtefactError, ParameterError: the base does not fit the kit.
            WrongRelease: the kit is another release's.
        """
        artefacts.check_base(self.base, self.kit, head=self.head)
        expected = self.desk.release(self.release).release_id
        if self.kit.release != expected:
            raise WrongRelease(
                f"the kit signs for {self.kit.release}, release {self.release!r} is {expected}; give its own kit"
            )

    def mint(self, device: str, out: Path) -> Copy:
        """Steps 2 to 5 for one device, into a new file.

        Raises:
            FileProblem: the file exists, or cannot be written.
        """
        files.check_free(out)
        reserved = self.desk.reserve_copy(self.release, device)
        about = {
            "copy": reserved.copy_id,
            "release": self.kit.release,
            "base": digest(self.base),
            "method": "minted",
        }
        copy = artefacts.mint(self.base, self.kit, reserved.signs(), head=self.head, about=about)
        files.write(out, copy)
        issued = self.desk.issue_copy(reserved.copy_id, artefact_digest=digest(copy), method="minted")
        sign_file(out, copy, self.key)
        return issued

    def resume(self, device: str, out: Path) -> Copy:
        """What an earlier run began: the copy in the file, issued if that had not happened.

        Raises:
            ArtefactError: the file is no copy of this release for the device.
        """
        return finish(self.desk, self.release, device, out, method="minted", key=self.key)

    def copy_for(self, device: str, out: Path) -> Copy:
        """The device's copy in the file: resumed where the file exists, minted where it does not."""
        return self.resume(device, out) if out.exists() else self.mint(device, out)

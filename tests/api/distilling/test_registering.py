"""`countermark distil --register --sign-key`: killed between file, registry and signature, nothing is half done."""

import pytest

from api import provenance
from fingerprint.canonical import digest
from tests.api.distilling.children import killed


def issued(place) -> dict[str, dict]:
    """Issued copies of the release by device."""
    found = place.json("copy", "list", "--release", "digits-1")["items"]
    return {each["device"]: each for each in found if each["artefact_digest"]}


@pytest.mark.slow  # four runs of the command: ten seconds
def test_killed_between_file_registry_and_signature_it_finishes_each_once(place, new_shop, keys):
    """SIGKILL when a codeword is reserved but not kept, and when one copy is registered but not signed.

    The other copy is then written and not registered. The next run registers and signs what is missing, on the same
    bytes; whoever receives a copy verifies it; one more run changes nothing.
    """
    for name in ("edge-0", "edge-1"):
        place.json("device", "enroll", name, "--silicon", place.path / f"{name}.chip")
    config, (private, public) = new_shop(place.path / "work", epochs="1"), keys
    args = ["distil", str(config), "--register", "--sign-key", str(private)]
    here = {"COUNTERMARK_DATA": str(place.path / "data"), "COUNTERMARK_TENANT": "acme"}
    out = config.parent / "out"
    assert killed(args, "reserved/", 1, **here)
    assert not list((out / "copies").glob("*.safetensors"))
    assert killed(args, "edge-0.safetensors.sig", 1, **here)
    written = {path.name: path.read_bytes() for path in (out / "copies").glob("*.safetensors")}
    assert sorted(written) == ["edge-0.safetensors", "edge-1.safetensors"]
    assert list(issued(place)) == ["edge-0"]
    found = place.json(*args)
    assert place.json(*args) == found
    copies = issued(place)
    for each in found["copies"]:
        name = f"{each['device']}.safetensors"
        assert (out / "copies" / name).read_bytes() == written[name]
        assert copies[each["device"]]["artefact_digest"] == digest(written[name])
        assert provenance.read(written[name])["copy"] == copies[each["device"]]["id"] == each["copy"]
        said = place.json("copy", "verify", out / "copies" / name, "--key", public)
        assert (said["signed"], said["devices"]) == (True, [each["device"]])

"""Eight simulated devices: enrolled by their PUF, given one copy each, all of it through the service."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from api.client import Client
from api.demo.model import Model
from distill import artefact
from fingerprint import codeword, possession, puf, seeds

DEVICES = 8
RELEASE = "digits-1"
Entropy = Callable[[int], bytes]


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A device's copy as it left the house."""

    device: str
    model: nn.Module
    method: str


def device_names() -> tuple[str, ...]:
    """edge-1 to edge-8."""
    return tuple(f"edge-{number}" for number in range(1, DEVICES + 1))


def enroll(client: Client, entropy: Entropy) -> None:
    """Read every chip a few times, keep helper data and codeword key in the registry, and find the key again.

    Raises:
        fingerprint.errors.ReconstructionError: a device did not find its key again.
    """
    for name in device_names():
        chip = puf.Silicon.manufacture(entropy, cells=puf.PROFILE.cells)
        noise = seeds.stream("demo", "read-out noise", name)
        made = puf.enroll(chip.read(noise, reads=8), profile=puf.PROFILE, entropy=entropy)
        client.enroll_device(
            name,
            helper_data=made.helper.to_bytes(),
            identity=made.identity,
            codeword_key=codeword.codeword_key(made.key),
            possession_key=possession.public_key(made.key),
        )
        stored = puf.HelperData.from_bytes(client.helper_data(name))
        puf.reproduce(chip.read(noise, environment=puf.HOT)[0], stored)


def issue(client: Client, model: Model, *, progress: bool) -> tuple[Issued, ...]:
    """One distilled copy, seven minted ones, each registered with the digest of its bytes."""
    prepared = model.prepared
    client.commit_release(RELEASE, pack=prepared.pack.to_bytes(), reference_models=prepared.reference_models)
    return tuple(_issue(client, model, name, progress=progress) for name in device_names())


def _issue(client: Client, model: Model, device: str, *, progress: bool) -> Issued:
    reserved = client.reserve_copy(RELEASE, device)
    if device == device_names()[0]:
        caption = f"distilling {device}" if progress else None
        made, method = (
            model.prepared.distil(reserved.signs(), seed=("demo", device), progress=caption).model,
            "distilled",
        )
    else:
        made, method = model.prepared.mint(reserved.signs()), "minted"
    client.issue_copy(reserved.copy_id, artefact_digest=artefact.digest(artefact.to_bytes(made)), method=method)
    return Issued(device=device, model=made, method=method)

"""A release as a CycloneDX 1.6 bill of materials: what was issued, by digest, for whoever takes stock of models.

The release is the component that the document is about, a `machine-learning-model` under its release id; each issued
copy is another, with the SHA-256 of its file. Devices are not named: whoever reads the document need not know who has
what. Models have cards (`api.model_cards`). The same release and copies give the same bytes.
"""

import hashlib
import uuid
from collections.abc import Sequence

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6

from api.model_cards import Committed, with_cards
from api.schemas import Copy, Release
from fingerprint.commitment import Commitment
from registry import records
from registry.errors import UnknownCopy
from registry.service import Registry

MOST_COPIES = 10_000
MEDIA_TYPE = "application/vnd.cyclonedx+json"
_MODEL = ComponentType.MACHINE_LEARNING_MODEL


class TooManyCopies(Exception):
    """A release with more copies than a bill of materials holds."""


def copies_in_bom(registry: Registry, tenant: str, release: str, copy: str | None) -> list[records.Copy]:
    """All copies of a release, or the one of that id.

    Raises:
        UnknownRelease, UnknownCopy: no such release, or no such copy of it.
        TooManyCopies: all of more than `MOST_COPIES`.
    """
    if copy is not None:
        found = registry.copy(tenant, copy)
        if found.release != release:
            raise UnknownCopy(f"the copy {copy} is none of release '{release}'; list the copies of the release")
        return [found]
    copies, after = list[records.Copy](), None
    while True:
        page = registry.copies(tenant, release, after=after, limit=1000)
        copies += page.items
        if (after := page.next) is None:
            return copies
        if len(copies) >= MOST_COPIES:
            raise TooManyCopies(f"release '{release}' has more than {MOST_COPIES} copies; ask for one copy's document")


def committed_of(registry: Registry, tenant: str, release: str) -> Committed:
    """What the registry knows of a release's model. Raises UnknownRelease, BlobTampered."""
    pack = registry.pack(tenant, release)
    probes = Commitment.from_bytes(registry.commitment(tenant, release)).pack["probes"]
    return Committed(
        shape=pack.probes.shape[1:],
        classes=pack.classes,
        bits=pack.bits,
        probes=probes,
        probe_count=pack.count,
        alpha=pack.alpha,
    )


def release_bom(release: Release, copies: Sequence[Copy], known: Committed, *, log_key: str) -> bytes:
    """The document.

    Args:
        release: the release.
        copies: its copies; those that are only reserved are left out.
        known: of its model.
        log_key: verifier key of the log that the entries are in.
    """
    root = Component(
        name=release.name,
        type=_MODEL,
        bom_ref=release.release_id,
        version=release.release_id,
        description="A release of a model, fingerprinted for each device",
        properties=_properties(
            commitment=release.commitment_digest, log_entry=release.entry_index, log_key=log_key, alpha=release.alpha
        ),
    )
    issued = [_component(release, copy) for copy in copies if copy.artefact_digest is not None]
    times = [copy.issued_at for copy in copies if copy.issued_at is not None]
    about = BomMetaData(component=root, timestamp=max([release.committed_at, *times]))
    content = "\n".join([release.release_id, *sorted(component.bom_ref.value or "" for component in issued)])
    serial = uuid.UUID(bytes=hashlib.sha256(content.encode()).digest()[:16], version=4)
    document = Bom(components=issued, metadata=about, serial_number=serial)
    document.register_dependency(root, issued)
    return with_cards(JsonV1Dot6(document).output_as_string().encode(), known)


def _component(release: Release, copy: Copy) -> Component:
    digest = str(copy.artefact_digest).removeprefix("sha256:")
    return Component(
        name=release.name,
        type=_MODEL,
        bom_ref=copy.id,
        version=copy.id,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        properties=_properties(method=copy.method, log_entry=copy.entry_index),
    )


def _properties(**values: object) -> list[Property]:
    return [Property(name=f"countermark:{name.replace('_', '-')}", value=str(value)) for name, value in values.items()]

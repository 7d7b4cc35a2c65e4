"""Releases: committed once, by the bytes of their verifier pack."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fingerprint import canonical
from fingerprint.commitment import Commitment
from fingerprint.errors import PackMalformed, ParameterError
from fingerprint.pack import VerifierPack
from registry.code import code_digest
from registry.errors import (
    BlobTampered,
    DuplicateName,
    DuplicateRelease,
    MalformedDigest,
    MalformedName,
    SealBroken,
    UnknownRelease,
)
from registry.log import entries
from registry.records import EntryKind
from registry.store import Store


def test_a_commitment_is_what_the_log_says(store: Store, tenant: str, pack: VerifierPack) -> None:
    """The entry holds the digests of pack and commitment, and the declared alpha; the pack comes back as it was."""
    with store.unit() as registry:
        release = registry.commit_release(tenant, "v1", pack=pack.to_bytes())
    with store.reading() as registry:
        assert registry.release(tenant, "v1") == release
        assert registry.releases(tenant).items == (release,)
        assert registry.pack_bytes(tenant, "v1") == pack.to_bytes()
        assert registry.pack(tenant, "v1").release_id == release.release_id == pack.release_id
        kind, fields = entries.decode(registry.entry(release.entry_index).data)
    assert (kind, fields["pack"], fields["alpha"], fields["bits"]) == (
        EntryKind.COMMITMENT,
        pack.release_id,
        pack.alpha,
        pack.bits,
    )
    assert fields["commitment"] == release.commitment_digest == Commitment.of(pack, code=code_digest()).digest


def test_a_commitment_carries_models_and_plan(store: Store, tenant: str, pack: VerifierPack) -> None:
    """What was committed comes back byte for byte, hashes to what the log says, and the audit agrees."""
    model = "sha256:" + "0a" * 32
    with store.unit() as registry:
        release = registry.commit_release(
            tenant, "v1", pack=pack.to_bytes(), reference_models=[model, model], first_look=50
        )
    with store.reading() as registry:
        data = registry.commitment(tenant, "v1")
        _, fields = entries.decode(registry.entry(release.entry_index).data)
    assert canonical.digest(data) == fields["commitment"]
    committed = Commitment.from_bytes(data)
    assert committed.code == code_digest()
    assert committed.reference_models == (model,)
    assert committed.plan is not None
    assert [look.probes for look in committed.plan.looks] == [50, 100, 120]
    assert store.audit().opened == 1


@pytest.mark.parametrize(
    ("given", "error"),
    [({"reference_models": ["md5:00"]}, MalformedDigest), ({"first_look": 1}, ParameterError)],
)
def test_terms_that_cannot_be_committed(
    store: Store, tenant: str, pack: VerifierPack, given: dict[str, Any], error: type[Exception]
) -> None:
    """A digest out of form, or looks that begin at one probe: refused, and nothing is left behind."""
    with pytest.raises(error), store.unit() as registry:
        registry.commit_release(tenant, "v1", pack=pack.to_bytes(), **given)
    assert store.audit().size == 0


def test_the_pack_is_sealed_on_the_disk(store: Store, tenant: str, pack: VerifierPack, data_dir: Path) -> None:
    """The file holds neither the release key nor the pack's tensors in the clear."""
    with store.unit() as registry:
        registry.commit_release(tenant, "v1", pack=pack.to_bytes())
    (file,) = (data_dir / "packs").iterdir()
    data = file.read_bytes()
    assert pack.release_key.hex().encode() not in data
    assert pack.release_key not in data
    assert pack.probes.tobytes()[:64] not in data


@pytest.mark.parametrize("cut", [0, 10, 100, -1])
def test_a_malformed_pack_changes_nothing(
    store: Store, tenant: str, pack: VerifierPack, data_dir: Path, cut: int
) -> None:
    """Truncated packs are refused, and neither file nor row nor entry stays behind."""
    with store.unit() as registry, pytest.raises(PackMalformed):
        registry.commit_release(tenant, "v1", pack=pack.to_bytes()[:cut])
    assert list((data_dir / "packs").iterdir()) == []
    assert store.audit().size == 0


def test_a_pack_in_other_bytes_is_refused(store: Store, tenant: str, pack: VerifierPack) -> None:
    """A pack padded so that it parses the same and hashes differently is not the pack."""
    data = pack.to_bytes()
    length = int.from_bytes(data[:8], "little")
    padded = (length + 8).to_bytes(8, "little") + data[8 : 8 + length] + b" " * 8 + data[8 + length :]
    with store.unit() as registry, pytest.raises(PackMalformed):
        registry.commit_release(tenant, "v1", pack=padded)


def test_names_and_packs_are_taken_once(
    store: Store, tenant: str, pack: VerifierPack, another_pack: Callable[[str], VerifierPack], data_dir: Path
) -> None:
    """A second release of one name, or of one pack, is refused and leaves nothing."""
    with store.unit() as registry:
        registry.commit_release(tenant, "v1", pack=pack.to_bytes())
    with pytest.raises(DuplicateName), store.unit() as registry:
        registry.commit_release(tenant, "v1", pack=another_pack("v2").to_bytes())
    with pytest.raises(DuplicateRelease, match="v1"), store.unit() as registry:
        registry.commit_release(tenant, "v2", pack=pack.to_bytes())
    with pytest.raises(MalformedName), store.unit() as registry:
        registry.commit_release(tenant, "v/2", pack=another_pack("v2").to_bytes())
    assert len(list((data_dir / "packs").iterdir())) == 1
    assert store.audit().entries == {"commitment": 1}


def test_two_tenants_may_commit_one_pack(store: Store, tenant: str, pack: VerifierPack, data_dir: Path) -> None:
    """The same pack of two tenants is sealed twice, each under its own row's key."""
    with store.unit() as registry:
        other = registry.create_tenant("other").id
        for each in (tenant, other):
            registry.commit_release(each, "v1", pack=pack.to_bytes())
    with store.reading() as registry:
        assert registry.pack_bytes(tenant, "v1") == registry.pack_bytes(other, "v1")
    assert len(list((data_dir / "packs").iterdir())) == 2


def test_unknown_releases(store: Store, tenant: str) -> None:
    """A name that no release has is unknown, for everything that asks for one."""
    with store.unit() as registry:
        for use in (registry.release, registry.commitment, registry.pack, registry.candidates, registry.copies):
            with pytest.raises(UnknownRelease):
                use(tenant, "v9")
        with pytest.raises(UnknownRelease):
            registry.open_case(tenant, "v9", suspect="x")
        with pytest.raises(UnknownRelease):
            registry.reserve_copy(tenant, "\x00", "pump")


def test_a_changed_file_is_found(store: Store, tenant: str, pack: VerifierPack, data_dir: Path) -> None:
    """A pack file with one byte changed is refused when it is read; one that is gone is named."""
    with store.unit() as registry:
        registry.commit_release(tenant, "v1", pack=pack.to_bytes())
    (file,) = (data_dir / "packs").iterdir()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with store.reading() as registry, pytest.raises(BlobTampered):
        registry.pack(tenant, "v1")
    file.unlink()
    with store.reading() as registry, pytest.raises(BlobTampered, match="gone"):
        registry.pack(tenant, "v1")


def test_another_releases_file_is_found(
    store: Store,
    tenant: str,
    pack: VerifierPack,
    another_pack: Callable[[str], VerifierPack],
    raw_update: Callable[..., None],
) -> None:
    """A row pointed at another release's file does not open it."""
    with store.unit() as registry:
        registry.commit_release(tenant, "v1", pack=pack.to_bytes())
        registry.commit_release(tenant, "v2", pack=another_pack("v2").to_bytes())
    raw_update("UPDATE release SET (pack_file, data_key) = (SELECT pack_file, data_key FROM release WHERE name = 'v2')")
    with store.reading() as registry, pytest.raises(SealBroken):
        registry.pack(tenant, "v1")

"""Releases."""

from collections.abc import Iterable

from fingerprint import canonical
from fingerprint.commitment import Commitment
from fingerprint.errors import PackMalformed
from fingerprint.pack import VerifierPack
from registry.code import code_digest
from registry.errors import BlobTampered, DuplicateName, DuplicateRelease, UnknownRelease
from registry.log import entries
from registry.records import EntryKind, Page, Release
from registry.repository.releases import ReleaseSecrets, SealedPack
from registry.sealing import RowIdentity
from registry.usecases.tools import SALT_BYTES, Tools, require_digest, require_limit, require_name


def release_row(tenant: str, release: str) -> RowIdentity:
    """Identity of a release's row."""
    return RowIdentity("release", tenant, release)


class Releases:
    """Commitment of releases by their verifier packs."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.releases

    def commit(
        self, tenant: str, name: str, *, pack: bytes, reference_models: Iterable[str], first_look: int | None
    ) -> Release:
        """A release: everything a verdict will rest on, fixed before any copy exists."""
        parsed = _parse(pack)
        require_name(name, "release")
        models = tuple(require_digest(each, "reference model") for each in reference_models)
        committed = Commitment.of(parsed, code=code_digest(), reference_models=models, first_look=first_look)
        self._tools.log.lock()
        self._tools.require_tenant(tenant)
        self._require_new(tenant, name, parsed.release_id)
        identifier = self._tools.new_id()
        secrets = ReleaseSecrets(
            salt=self._tools.entropy(SALT_BYTES),
            commitment=committed.to_bytes(),
            pack=self._seal(tenant, identifier, pack),
        )
        release = self._log(tenant, identifier, name, parsed, secrets)
        self._stored.add(tenant, release, secrets)
        return release

    def get(self, tenant: str, name: str) -> Release:
        """The release of that name."""
        release = self._stored.named(tenant, name) if name.isprintable() else None
        if release is None:
            raise UnknownRelease(f"there is no release '{name}'; commit it first")
        return release

    def commitment(self, tenant: str, name: str) -> bytes:
        """Canonical bytes of the commitment, as its digest stands in the log."""
        return self._stored.commitment(tenant, self.get(tenant, name).id)

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Release]:
        """Releases by name."""
        return self._stored.page(tenant, after, require_limit(limit))

    def pack(self, tenant: str, name: str) -> VerifierPack:
        """The verifier pack, parsed; kept in memory as long as neither its row nor its file changes."""
        release = self.get(tenant, name)
        stored = self._stored.sealed_pack(tenant, release.id)
        seen = (tenant, release, stored, self._tools.blobs.state(stored.file))
        return self._tools.packs.opened(seen, lambda: VerifierPack.from_bytes(self.pack_bytes(tenant, name)))

    def pack_bytes(self, tenant: str, name: str) -> bytes:
        """The verifier pack, opened, its digest checked against what was committed."""
        release = self.get(tenant, name)
        stored = self._stored.sealed_pack(tenant, release.id)
        row, file = release_row(tenant, release.id), self._tools.blobs.get(stored.file)
        pack = self._tools.sealer.open(stored.data_key, row, "pack", file)
        if canonical.digest(pack) != release.pack_digest:
            raise BlobTampered(f"the verifier pack of '{name}' is not the one that was committed; restore it")
        return pack

    def _seal(self, tenant: str, release: str, pack: bytes) -> SealedPack:
        row, sealer = release_row(tenant, release), self._tools.sealer
        data_key = sealer.new_data_key(row)
        return SealedPack(file=self._tools.blobs.put(sealer.seal(data_key, row, "pack", pack)), data_key=data_key)

    def _require_new(self, tenant: str, name: str, release_id: str) -> None:
        if self._stored.named(tenant, name) is not None:
            raise DuplicateName(f"there is a release '{name}' already; choose another name")
        same = self._stored.of_pack(tenant, release_id)
        if same is not None:
            raise DuplicateRelease(f"this verifier pack is committed already, as the release '{same.name}'")

    def _log(self, tenant: str, release: str, name: str, pack: VerifierPack, secrets: ReleaseSecrets) -> Release:
        now, commitment = self._tools.clock(), canonical.digest(secrets.commitment)
        fields = entries.commitment(
            tenant=tenant,
            release=release,
            salt=secrets.salt,
            name=name,
            pack=pack.release_id,
            commitment=commitment,
            alpha=pack.alpha,
            bits=pack.bits,
            at=now,
        )
        return Release(
            id=release,
            name=name,
            release_id=pack.release_id,
            pack_digest=pack.release_id,
            commitment_digest=commitment,
            alpha=pack.alpha,
            bits=pack.bits,
            committed_at=now,
            entry_index=self._tools.log.append(EntryKind.COMMITMENT, fields),
        )


def _parse(pack: bytes) -> VerifierPack:
    parsed = VerifierPack.from_bytes(pack)
    if parsed.release_id != canonical.digest(pack):
        raise PackMalformed("not the bytes that this pack's writer writes; save the verifier pack again")
    return parsed

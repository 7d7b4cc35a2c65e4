"""Releases."""

from fingerprint import canonical
from fingerprint.pack import VerifierPack
from registry.errors import DuplicateName, DuplicateRelease, UnknownRelease
from registry.log import entries
from registry.records import EntryKind, Page, Release
from registry.usecases.tools import SALT_BYTES, Tools, require_limit, require_name

COMMITMENT_TAG = "countermark/release-commitment"


class Releases:
    """Commitment of releases by their verifier packs."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stored = tools.repository.releases

    def commit(self, tenant: str, name: str, *, pack: bytes) -> Release:
        """A release: everything a verdict will rest on, fixed before any copy exists."""
        parsed = VerifierPack.from_bytes(pack)
        require_name(name, "release")
        self._tools.log.lock()
        self._tools.require_tenant(tenant)
        self._require_new(tenant, name, parsed.release_id)
        commitment = canonical.encode(COMMITMENT_TAG, parsed.commitment())
        salt = self._tools.entropy(SALT_BYTES)
        release = self._log(tenant, name, salt, parsed, self._tools.blobs.put(pack), canonical.digest(commitment))
        self._stored.add(tenant, release, salt=salt, commitment=commitment)
        return release

    def get(self, tenant: str, name: str) -> Release:
        """The release of that name."""
        release = self._stored.named(tenant, name)
        if release is None:
            raise UnknownRelease(f"there is no release '{name}'; commit it first")
        return release

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Release]:
        """Releases by name."""
        return self._stored.page(tenant, after, require_limit(limit))

    def pack_bytes(self, tenant: str, name: str) -> bytes:
        """The verifier pack as stored."""
        return self._tools.blobs.get(self.get(tenant, name).pack_digest)

    def _require_new(self, tenant: str, name: str, release_id: str) -> None:
        if self._stored.named(tenant, name) is not None:
            raise DuplicateName(f"there is a release '{name}' already; choose another name")
        same = self._stored.of_pack(tenant, release_id)
        if same is not None:
            raise DuplicateRelease(f"this verifier pack is committed already, as the release '{same.name}'")

    def _log(
        self, tenant: str, name: str, salt: bytes, pack: VerifierPack, pack_digest: str, commitment_digest: str
    ) -> Release:
        now, identifier = self._tools.clock(), self._tools.new_id()
        fields = entries.commitment(
            tenant=tenant,
            release=identifier,
            salt=salt,
            name=name,
            pack=pack_digest,
            commitment=commitment_digest,
            alpha=pack.alpha,
            bits=pack.bits,
            at=now,
        )
        return Release(
            id=identifier,
            name=name,
            release_id=pack.release_id,
            pack_digest=pack_digest,
            commitment_digest=commitment_digest,
            alpha=pack.alpha,
            bits=pack.bits,
            committed_at=now,
            entry_index=self._tools.log.append(EntryKind.COMMITMENT, fields),
        )

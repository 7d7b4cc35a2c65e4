"""Releases."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.models import ReleaseRow
from registry.records import Page, Release
from registry.repository.page import page


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPack:
    """Where a release's verifier pack is: the digest of its sealed file, and the data key that opens it."""

    file: str
    data_key: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSecrets:
    """What a release's row holds beyond its record."""

    salt: bytes
    commitment: bytes
    pack: SealedPack


def _release(row: ReleaseRow) -> Release:
    return Release(
        id=row.id,
        name=row.name,
        release_id=row.release_id,
        pack_digest=row.pack_digest,
        commitment_digest=row.commitment_digest,
        alpha=row.alpha,
        bits=row.bits,
        committed_at=row.committed_at,
        entry_index=row.entry_index,
    )


class ReleaseRepository:
    """Queries about releases."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, release: Release, secrets: ReleaseSecrets) -> None:
        """Store a release."""
        row = ReleaseRow(
            tenant_id=tenant,
            id=release.id,
            name=release.name,
            salt=secrets.salt,
            release_id=release.release_id,
            pack_digest=release.pack_digest,
            pack_file=secrets.pack.file,
            data_key=secrets.pack.data_key,
            commitment=secrets.commitment,
            commitment_digest=release.commitment_digest,
            alpha=release.alpha,
            bits=release.bits,
            committed_at=release.committed_at,
            entry_index=release.entry_index,
        )
        self._session.add(row)
        self._session.flush()

    def named(self, tenant: str, name: str) -> Release | None:
        """The release of that name."""
        row = self._session.scalar(select(ReleaseRow).where(ReleaseRow.tenant_id == tenant, ReleaseRow.name == name))
        return None if row is None else _release(row)

    def of_pack(self, tenant: str, release_id: str) -> Release | None:
        """The release whose verifier pack has that digest."""
        mine = select(ReleaseRow).where(ReleaseRow.tenant_id == tenant, ReleaseRow.release_id == release_id)
        row = self._session.scalar(mine)
        return None if row is None else _release(row)

    def sealed_pack(self, tenant: str, release: str) -> SealedPack:
        """Where the verifier pack of the release of that id is; the release exists."""
        columns = select(ReleaseRow.pack_file, ReleaseRow.data_key)
        row = self._session.execute(columns.where(ReleaseRow.tenant_id == tenant, ReleaseRow.id == release)).one()
        return SealedPack(file=row.pack_file, data_key=row.data_key)

    def salt(self, tenant: str, release: str) -> bytes:
        """The salt of the name of the release of that id, which exists."""
        mine = select(ReleaseRow.salt).where(ReleaseRow.tenant_id == tenant, ReleaseRow.id == release)
        return self._session.execute(mine).scalar_one()

    def commitment(self, tenant: str, release: str) -> bytes:
        """The commitment's canonical bytes, of the release of that id; the release exists."""
        mine = select(ReleaseRow.commitment).where(ReleaseRow.tenant_id == tenant, ReleaseRow.id == release)
        return self._session.execute(mine).scalar_one()

    def page(self, tenant: str, after: str | None, limit: int) -> Page[Release]:
        """Releases by name."""
        statement = select(ReleaseRow).where(ReleaseRow.tenant_id == tenant).order_by(ReleaseRow.name)
        if after is not None:
            statement = statement.where(ReleaseRow.name > after)
        rows = self._session.scalars(statement.limit(limit + 1)).all()
        return page(rows, limit, _release, lambda row: row.name)

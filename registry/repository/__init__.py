"""All queries of the registry, and with `registry.log.storage` the only ones.

Every method of the tenants' repositories takes the tenant first and filters by it; a test reads every statement that
the use-cases send and finds the filter in it. Three look beyond one tenant, by their nature: finding out whose token a
token is (`access`), which job is due (`due`), and the audit (`scan`). Rows of the database never leave
this package; records do.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry.repository.access import AccessRepository
from registry.repository.cases import CaseRepository
from registry.repository.copies import CopyRepository
from registry.repository.devices import DeviceRepository
from registry.repository.disposals import DisposalRepository
from registry.repository.due import DueJobs
from registry.repository.holds import HoldRepository
from registry.repository.jobs import JobRepository
from registry.repository.possession import PossessionRepository
from registry.repository.releases import ReleaseRepository
from registry.repository.requests import RequestRepository

__all__ = ["Repository"]


@dataclass(frozen=True, slots=True)
class Repository:
    """The tenants' repositories over one session."""

    access: AccessRepository
    devices: DeviceRepository
    releases: ReleaseRepository
    copies: CopyRepository
    cases: CaseRepository
    holds: HoldRepository
    disposals: DisposalRepository
    possessions: PossessionRepository
    jobs: JobRepository
    due: DueJobs
    requests: RequestRepository

    @classmethod
    def over(cls, session: Session) -> "Repository":
        """All of them over this session."""
        return cls(
            access=AccessRepository(session),
            devices=DeviceRepository(session),
            releases=ReleaseRepository(session),
            copies=CopyRepository(session),
            cases=CaseRepository(session),
            holds=HoldRepository(session),
            disposals=DisposalRepository(session),
            possessions=PossessionRepository(session),
            jobs=JobRepository(session),
            due=DueJobs(session),
            requests=RequestRepository(session),
        )

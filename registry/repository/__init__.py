"""All queries of the registry, and with `registry.log.storage` the only ones.

Every method of the tenants' repositories takes the tenant first and filters by it; a test reads every statement that
the use-cases send and finds the filter in it. Three look beyond one tenant, by their nature: finding out whose token a
token is (`access`), which job is due (`due`), and the audit (`scan`). Rows of the database never leave
this package; records do.
"""

from functools import cached_property

from registry.database import Scope
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


class Repository:
    """The tenants' repositories within one unit, each made when it is first asked for."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @cached_property
    def access(self) -> AccessRepository:
        """Tenants, keys and peppers."""
        return AccessRepository(self._scope.session)

    @cached_property
    def devices(self) -> DeviceRepository:
        """Devices."""
        return DeviceRepository(self._scope)

    @cached_property
    def releases(self) -> ReleaseRepository:
        """Releases."""
        return ReleaseRepository(self._scope.session)

    @cached_property
    def copies(self) -> CopyRepository:
        """Copies."""
        return CopyRepository(self._scope.session)

    @cached_property
    def cases(self) -> CaseRepository:
        """Cases."""
        return CaseRepository(self._scope.session)

    @cached_property
    def holds(self) -> HoldRepository:
        """Legal holds."""
        return HoldRepository(self._scope.session)

    @cached_property
    def possessions(self) -> PossessionRepository:
        """Proofs of possession."""
        return PossessionRepository(self._scope.session)

    @cached_property
    def jobs(self) -> JobRepository:
        """Jobs."""
        return JobRepository(self._scope.session)

    @cached_property
    def due(self) -> DueJobs:
        """Steps of all tenants' jobs."""
        return DueJobs(self._scope.session)

    @cached_property
    def requests(self) -> RequestRepository:
        """Requests that are done once."""
        return RequestRepository(self._scope.session)

    @cached_property
    def disposals(self) -> DisposalRepository:
        """Answers destroyed on purpose."""
        return DisposalRepository(self._scope.session)

"""The tables, as SQLAlchemy declarative models: the same on SQLite and PostgreSQL.

A tenant's rows have the primary key (tenant_id, id) and refer to each other by both, so that the database itself
refuses a copy of one tenant's release for another tenant's device. Relationships never load by themselves.

`log_entry`, `log_node`, `checkpoint`, `cosignature`, `time_stamp`, `verification`, `erasure`, `disposal` and
`possession` are append-only: the migrations install triggers that refuse UPDATE, DELETE and, on SQLite, the silent
delete inside INSERT OR REPLACE. Whoever can drop those triggers can still edit the file; the audit finds it.
"""

from registry.models.access import ApiKeyRow, PepperRow, TenantRow
from registry.models.base import Base
from registry.models.cases import AnswersRow, CaseRow, DisposalRow, VerificationRow
from registry.models.devices import DeviceRow, ErasureRow, ReenrolmentRow
from registry.models.holds import HoldRow
from registry.models.jobs import JobEventRow, JobRow, ShardRow
from registry.models.log import CheckpointRow, CosignatureRow, LogEntryRow, LogNodeRow, TimeStampRow
from registry.models.possession import ChallengeRow, PossessionRow
from registry.models.releases import CopyRow, ReleaseRow
from registry.models.requests import DoneRequestRow

__all__ = [
    "AnswersRow",
    "ApiKeyRow",
    "Base",
    "CaseRow",
    "ChallengeRow",
    "CheckpointRow",
    "CopyRow",
    "CosignatureRow",
    "DeviceRow",
    "DisposalRow",
    "DoneRequestRow",
    "ErasureRow",
    "HoldRow",
    "JobEventRow",
    "JobRow",
    "LogEntryRow",
    "LogNodeRow",
    "PepperRow",
    "PossessionRow",
    "ReenrolmentRow",
    "ReleaseRow",
    "ShardRow",
    "TenantRow",
    "TimeStampRow",
    "VerificationRow",
]

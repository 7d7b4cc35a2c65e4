"""The two audits: of the database in a data directory, and of a service through its log's static files alone."""

from api.commands.desks import SettingsError, store_of
from api.settings import Settings
from api.tlog_files import TlogFiles
from registry.log.checkpoint import open_checkpoint
from registry.log.monitor import MonitorReport, monitor
from registry.log.note import Ed25519Verifier
from registry.log.policy import Policy
from registry.log.timestamp import Authorities
from registry.records import AuditReport


def audit_here(
    settings: Settings, since: str | None, policy: Policy | None, authorities: Authorities | None
) -> AuditReport:
    """The operator's audit: entries, rows, stored hashes, sealed keys, packs, known cosignatures and time stamps.

    It signs nothing and needs the log's public keys alone.
    """
    with store_of(settings, signing=False) as store:
        return store.audit(since=since, policy=policy, authorities=authorities)


def audit_there(
    address: str, settings: Settings, since: str | None, policy: Policy | None, key: str | None
) -> MonitorReport:
    """A monitor's audit of the service at the address, by a policy or by the log's public key.

    Raises:
        SettingsError: neither is given, or both.
    """
    if (policy is None) == (key is None):
        raise SettingsError(
            "give --key with the log's public key, or --policy, got from somebody else than the service: an audit by"
            " a key that the service itself hands out proves nothing"
        )
    token = None if settings.token is None else settings.token.get_secret_value()
    with TlogFiles(address, token=token) as files:
        if policy is not None:
            older = None if since is None else policy.open_signed(since)
            return monitor(files, policy.open, older=older)
        verifier = Ed25519Verifier.from_vkey(str(key))
        older = None if since is None else open_checkpoint(since, verifier)
        return monitor(files, lambda note: open_checkpoint(note, verifier), older=older)

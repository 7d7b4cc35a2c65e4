"""What a job asks, as the bytes that are sealed with it."""

import json
from collections.abc import Mapping
from typing import Any

from api.asker import Asker
from api.suspects.asking import Plan, size_of
from api.suspects.remote import Remote
from registry.jobs import Lease, NewJob


def new_job(
    asker: Asker,
    endpoint: Mapping[str, Any],
    *,
    token: str | None,
    kind: str | None,
    batch: int,
    priority: int,
    budget: int | None,
) -> NewJob:
    """A job that asks an endpoint, described as in a file.

    Raises:
        ModelNotAdmitted: the operator allows no endpoints to be asked.
        SuspectError: the description cannot be used.
    """
    suspect = asker.endpoint(endpoint, token=token)
    try:
        return NewJob(
            suspect=suspect.identity,
            spec=json.dumps({"endpoint": dict(endpoint)}, separators=(",", ":")).encode(),
            credential=None if token is None else token.encode(),
            kind=kind,
            batch=size_of(suspect, Plan(batch=batch)),
            priority=priority,
            budget=budget,
        )
    finally:
        suspect.close()


def suspect_of(asker: Asker, lease: Lease) -> Remote:
    """The suspect of a lease, to be closed after use.

    Raises:
        ModelNotAdmitted, SuspectError: as above, should the operator's settings have changed.
    """
    token = None if lease.credential is None else lease.credential.decode()
    return asker.endpoint(json.loads(lease.spec)["endpoint"], token=token)

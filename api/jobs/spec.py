"""What a job asks, as the bytes that are sealed with it: an endpoint's description, or how a model's file is run."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from api.asker import Asker
from api.suspects.asking import Plan, size_of
from api.suspects.suspect import Suspect
from registry.jobs import Lease, NewJob

MODEL_BATCH = 1024
"""Probes of one step of a model's job: a step starts a process of its own, which takes longer than many an answer."""


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


def new_model_job(
    asker: Asker,
    data: bytes,
    *,
    architecture: bytes | None,
    output: str | None,
    kind: str | None,
    batch: int = MODEL_BATCH,
    priority: int = 0,
    budget: int | None = None,
) -> NewJob:
    """A job that runs a model's file; the architecture's bytes go with it, so that all steps run the same model.

    Raises:
        ModelError: no models are run, or not this one.
    """
    suspect = asker.run(data, architecture=architecture, output=output)
    said = {"architecture": None if architecture is None else architecture.decode(), "output": output}
    return NewJob(
        suspect=suspect.identity,
        spec=json.dumps({"model": said}, separators=(",", ":")).encode(),
        file=data,
        kind=kind,
        batch=batch,
        priority=priority,
        budget=budget,
    )


def suspect_of(asker: Asker, lease: Lease, file: Callable[[], bytes]) -> Suspect:
    """The suspect of a lease, to be closed after use; `file` gives the file that it is, where it is one.

    An endpoint is asked once: what is put to it again is counted by another lease first, or no budget would be kept.

    Raises:
        ModelNotAdmitted, ModelError, SuspectError: as above, should the operator's settings have changed.
    """
    said = json.loads(lease.spec)
    if "model" in said:
        text = said["model"]["architecture"]
        built = None if text is None else text.encode()
        return asker.run(file(), architecture=built, output=said["model"]["output"])
    token = None if lease.credential is None else lease.credential.decode()
    return asker.endpoint(said["endpoint"], token=token, attempts=1)

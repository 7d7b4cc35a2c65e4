"""The record of how the answers were got: a head, then a line for each request with its answers and the exchange.

`countermark ask` and the service write it (JSON lines); the head of a durable job's has the digest of the probes that
was committed. It is compared with the probes that were committed and with the answers that were judged; what it says of
times, addresses and certificates is the asker's word.
"""

import json

import numpy as np

from fingerprint import canonical
from fingerprint.observation import Observation
from fingerprint.replay.release import Release
from registry.errors import MalformedEvidence, NotShown


def exchanges_in(record: bytes, release: Release, observation: Observation) -> int:
    """How many exchanges a record of these probes and answers holds.

    Args:
        record: JSON lines.
        release: the whole release; a record's head is about all its probes, however few were asked in the end.
        observation: the answers that were judged, to the first probes or to all.

    Raises:
        MalformedEvidence: not such a record.
        NotShown: it records other probes, or other answers than were judged.
    """
    try:
        head, *lines = [json.loads(line) for line in record.splitlines()]
        asked = str(head["probes"])
        answered = np.concatenate([np.asarray(line["answers"], dtype=np.float64) for line in lines])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MalformedEvidence(f"not a record of exchanges: {error!r}") from error
    probes = release.probes.tobytes()
    if asked not in (canonical.digest(str(release.probes.shape).encode() + probes), canonical.digest(probes)):
        raise NotShown("the record is of other probes than the release's")
    if answered.shape != observation.values.shape or not (answered == observation.values).all():
        raise NotShown("the record holds other answers than those that were judged")
    return len(lines)

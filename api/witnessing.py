"""A thread that has the log's newest checkpoint cosigned by the witnesses of a policy whenever the log grew."""

import threading
from typing import Any

from api.telemetry import Metrics
from registry.log.policy import Policy
from registry.reports import Cosigned
from registry.store import Store

_GRACE = 2.0


class Witnessing:
    """Asks witnesses now and then, outside of every transaction: nobody who appends waits for one.

    A witness that fails is logged and counted, and asked again after the same interval; the others' cosignatures are
    kept. Several processes over one registry may do this: a cosignature that is there already is not stored again.

    Args:
        store: the registry.
        policy: names the witnesses and their addresses.
        seconds: between two rounds; nothing is asked in a round if the log did not grow and nobody had failed.
        log, metrics: told of every round in which somebody was asked.
    """

    def __init__(self, store: Store, policy: Policy, *, seconds: float, log: Any, metrics: Metrics) -> None:
        self._store = store
        self._policy = policy
        self._seconds = seconds
        self._log = log
        self._metrics = metrics
        self._cosigned = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="countermark-witnessing", daemon=True)

    def start(self) -> None:
        """Begin, with a round at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; a witness that does not answer is not waited for."""
        self._stopping.set()
        self._thread.join(_GRACE)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._round()
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever a round may raise
                self._metrics.witness_failures.labels("-").inc()
                self._log.error("witnessing", exc_info=error)
            self._stopping.wait(self._seconds)

    def _round(self) -> None:
        with self._store.reading() as registry:
            size = registry.checkpoint().size
        if size > self._cosigned:
            self._tell(self._store.cosign(self._policy))

    def _tell(self, found: Cosigned) -> None:
        names, size = sorted(self._policy.cosigned(found.checkpoint.note)), found.checkpoint.size
        for name in found.failed:
            self._metrics.witness_failures.labels(name).inc()
        if found.failed:
            self._log.warning("not witnessed", size=size, cosigned=names, failed=dict(found.failed))
            return
        self._cosigned = size
        self._metrics.witnessed_size.set(size)
        self._log.info("witnessed", size=size, cosigned=names)

"""A worker that is told to stop, and told again, ends."""

import os
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
TOLD_AT_EVERY_LINE = """
import signal, sys
from api.cli import app
from api.jobs.backends.base import JobBackend

opened, calls, waits = JobBackend.open.__wrapped__.__code__, 0, False

def told(frame, event, _):
    global calls, waits
    if frame.f_code is opened:
        calls += event == "call"
        waits = calls == 1 and event == "return"  # it has begun; the command waits for a signal, then goes on with it
    elif waits:
        signal.raise_signal(signal.SIGTERM)
    return told

sys.settrace(told)
app(["worker"])
"""


def test_signals_that_come_while_one_is_taken_do_no_harm(released):
    """As from a supervisor and from a terminal at once: at whatever line they come, the exit code is 0."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COUNTERMARK_DATA": str(released.service.data)}
    with subprocess.Popen([sys.executable, "-c", TOLD_AT_EVERY_LINE], env=environment) as worker:
        try:
            assert worker.wait(PATIENCE) == 0
        finally:
            worker.kill()

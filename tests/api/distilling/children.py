"""A run of the command in a process of its own, which a real SIGKILL ends where a file is written."""

import multiprocessing
import os
import signal
import sys

from api.cli import app

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "tests.api.distilling.children", "api.distilling.run"])


def command(args, dies_at, times, environment):
    """Run it; dead when a file whose path has `dies_at` in it is opened for writing for the so many-th time."""
    os.environ.update(environment)
    left = [times]

    def hook(event, given):
        if event == "open" and dies_at in str(given[0]) and given[2] & (os.O_WRONLY | os.O_RDWR):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    app(args)


def killed(args, dies_at, times, **environment):
    """Whether the run was killed there."""
    child = PROCESSES.Process(target=command, args=(args, dies_at, times, environment))
    child.start()
    child.join()
    return child.exitcode == -signal.SIGKILL

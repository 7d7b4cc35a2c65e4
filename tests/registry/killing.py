"""Work that is killed on its way."""

import os
import signal
from collections.abc import Callable
from typing import Any


def killed_before(step: int, work: Callable[[], object]) -> bool:
    """Whether a forked process that does the work was killed before its n-th call that opens, flushes or renames."""
    child = os.fork()
    if child == 0:
        left = step

        def counted(call: Callable[..., Any]) -> Callable[..., Any]:
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                nonlocal left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                return call(*args, **kwargs)

            return wrapped

        for name in ("open", "fsync", "link", "rename", "replace"):
            setattr(os, name, counted(getattr(os, name)))
        try:
            work()
        finally:
            os._exit(0)
    _, how = os.waitpid(child, 0)
    return os.WIFSIGNALED(how)

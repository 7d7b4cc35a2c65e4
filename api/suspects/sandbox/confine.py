"""What a process gives up before it looks at a suspect's file.

| given up | how | where the kernel refuses |
|---|---|---|
| memory beyond a limit, processor time beyond a limit, large files, core files | setrlimit | never |
| the network | a user and network namespace of its own (unshare) | stated, and sockets are refused below |
| sockets, programs, processes, tracing | seccomp | stated |
| all files but Python's and its own folder | Landlock | stated |
"""

import ctypes
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from api.suspects.sandbox.landlock import refuse_files
from api.suspects.sandbox.seccomp import refuse_calls

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_DEATH_SIGNAL = 1
_OPEN_FILES = 256
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/cpuinfo", "/proc/meminfo",
    "/sys/devices/system", "/sys/fs/cgroup", "/dev/null", "/dev/urandom",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one task may cost.

    Attributes:
        memory: bytes of address space; the libraries themselves take up to 1 GiB of it.
        cpu: seconds of processor time.
        seconds: of wall time.
        output: bytes of any file that it writes.
        batch: probes put to a model at once.
    """

    memory: int = 4 << 30
    cpu: int = 120
    seconds: float = 240.0
    output: int = 512 << 20
    batch: int = 256


DEFAULT = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confined:
    """What the kernel did: whether network, system calls and files are shut off."""

    network: bool
    calls: bool
    files: bool

    def record(self) -> dict[str, bool]:
        """JSON form."""
        return asdict(self)


def end_with(parent: int) -> None:
    """Be killed when the process of that number, which started this one and waits for it, ends in whatever way."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel knew
        sys.exit(1)


def confine(limits: Limits, *, folder: Path, packages: Path) -> Confined:
    """Give it all up; the limits always hold, and what else holds is said."""
    sizes = {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_FSIZE: limits.output,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in sizes.items():
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    network = ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER | _NEW_NETWORK) == 0
    readable = [*map(Path, (sys.prefix, sys.base_prefix, *_SYSTEM)), packages / "api"]
    files = refuse_files(readable=readable, writable=folder)
    return Confined(network=network, files=files, calls=refuse_calls())

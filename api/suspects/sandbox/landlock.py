"""No files but those named (Landlock, Linux 5.13 and later): keys and databases beside the service are out of reach."""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on every machine
_NO_NEW_PRIVILEGES = 38
_VERSION_FLAG, _BENEATH = 1, 1
_READ = 0b1101  # execute (map a library), read a file, read a directory
_FILE_BITS = {1: 13, 2: 14, 3: 15}  # how many rights each version of the interface knows
_NEWEST = 3
_FILE_ONLY = 0b0111  # rights that a plain file can have


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def refuse_files(*, readable: Iterable[Path], writable: Path) -> bool:
    """Refuse every file but those under `readable`, to read, and those under `writable`; False where it cannot be."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    if version < 1 or libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    everything = (1 << _FILE_BITS[min(version, _NEWEST)]) - 1
    attributes = _Ruleset(everything)
    ruleset = libc.syscall(
        _CREATE, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), ctypes.c_uint32(0)
    )
    if ruleset < 0:
        return False
    added = [_allow(libc, ruleset, path, _READ) for path in readable if path.exists()]
    added.append(_allow(libc, ruleset, writable, everything))
    done = all(added) and libc.syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0
    os.close(ruleset)
    return bool(done)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> bool:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _Beneath(rights if path.is_dir() else rights & _FILE_ONLY, opened)
        return bool(
            libc.syscall(_ADD, ctypes.c_int(ruleset), ctypes.c_int(_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
            == 0
        )
    finally:
        os.close(opened)

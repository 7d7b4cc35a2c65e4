"""System calls that no model needs are refused (seccomp, Linux): sockets, programs, processes, tracing, mounting.

A filter is a program in classic BPF over `struct seccomp_data` (linux/seccomp.h): number of the call at byte 0,
architecture at 4, arguments from 16. Threads stay possible: `clone` passes with CLONE_THREAD, and `clone3`, whose
flags no filter can see, answers ENOSYS, on which the C library falls back to `clone`.
"""

import ctypes
import errno
import platform

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _ANY, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF: ld word, jump if equal, jump if any bit is set, ret
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
_CLONE_THREAD = 0x00010000
_CLONE3 = 435  # the same everywhere
_NEW = (425, 437)  # io_uring_setup, openat2
# audit number of the machine; clone; socket, socketpair, connect, ptrace, execve, execveat, fork, vfork, mount,
# process_vm_readv, process_vm_writev, kill, bpf, userfaultfd, keyctl
_MACHINES = {
    "x86_64": (0xC000003E, 56, (41, 53, 42, 101, 59, 322, 57, 58, 165, 310, 311, 62, 321, 323, 250)),
    "aarch64": (0xC00000B7, 220, (198, 199, 203, 117, 221, 281, 40, 270, 271, 129, 280, 282, 219)),
}


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def program(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter's instructions (code, jump if so, jump if not, constant) for a machine; empty for an unknown one.

    Example:
        >>> program("x86_64")[-1] == (6, 0, 0, 0x7fff0000)
        True
    """
    if machine not in _MACHINES:
        return []
    audit, clone, refused = _MACHINES[machine]
    deny, missing = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    found = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, deny), (_LOAD, 0, 0, _NUMBER)]
    for number in (*refused, *_NEW):
        found += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, deny)]
    found += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, missing)]
    found += [(_EQUAL, 0, 3, clone), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_ANY, 1, 0, _CLONE_THREAD)]
    return [*found, (_RETURN, 0, 0, deny), (_RETURN, 0, 0, _ALLOW)]


def refuse_calls() -> bool:
    """Refuse them from now on, in this process and all its threads; False where the kernel cannot."""
    instructions = program(platform.machine())
    libc = ctypes.CDLL(None, use_errno=True)
    if not instructions or libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    array = (_Instruction * len(instructions))(*(_Instruction(*one) for one in instructions))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(_Program(len(instructions), array)), 0, 0) == 0)

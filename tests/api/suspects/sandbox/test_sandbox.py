"""The process of its own: what it may not do, what its limits stop, and that nothing it says is believed unchecked."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.suspects.errors import AdapterMissing, ModelFailed, ModelTooCostly
from api.suspects.models.model import Model
from api.suspects.sandbox import host, worker
from api.suspects.sandbox.confine import Limits
from api.suspects.sandbox.seccomp import program

ROOT = Path(__file__).parents[4]
SETUP = """
import os, socket, subprocess, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from api.suspects.sandbox.confine import Limits, confine
folder, beside = Path({folder!r}), Path({beside!r})
done = confine(Limits(memory=1 << 30, cpu=5, output=1 << 20), folder=folder, packages=Path({root!r}))
def refused(work):
    try:
        work()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "allowed"
"""


def _confined(tmp_path, work) -> str:
    folder, beside = tmp_path / "folder", tmp_path / "beside"
    folder.mkdir()
    beside.write_text("a key")
    code = (
        SETUP.format(root=str(ROOT), folder=str(folder), beside=str(beside)) + f"\nprint(refused(lambda: {work}), done)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("work", "needs"),
    [
        ("socket.socket()", "calls"),
        ("socket.create_connection(('127.0.0.1', 9), 1)", "network"),
        ("subprocess.run(['/bin/true'])", "calls"),
        ("os.execv('/bin/true', ['true'])", "calls"),
        ("os.fork()", "calls"),
        ("os.kill(os.getppid(), 0)", "calls"),
        ("beside.read_text()", "files"),
        ("beside.write_text('x')", "files"),
        ("beside.unlink()", "files"),
        ("Path('/etc/passwd').read_text()", "files"),
        ("Path(f'/proc/{os.getppid()}/environ').read_bytes()", "files"),
        ("(folder / 'big').write_bytes(bytes(2 << 20))", ""),
        ("bytearray(2 << 30)", ""),
        ("[open(folder / str(i), 'w') for i in range(300)]", ""),
    ],
)
def test_what_it_may_not_do_is_refused(tmp_path, work, needs):
    """Network, programs, processes, other files, memory; whatever this kernel cannot refuse, it says so."""
    said = _confined(tmp_path, work)
    if needs and f"{needs}=True" not in said:
        pytest.skip(f"this kernel cannot shut off {needs}")
    assert "allowed" not in said


def test_what_it_needs_it_may_do(tmp_path):
    """Its own folder, and threads."""
    work = "(folder / 'x').write_text('y') and __import__('threading').Thread(target=print).start()"
    assert "allowed" in _confined(tmp_path, work)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_well_formed(machine):
    """Every jump lands on an instruction, and the last one allows."""
    instructions = program(machine)
    for at, (code, yes, no, _) in enumerate(instructions):
        jumps = code & 7 == 5
        assert not jumps or at + 1 + max(yes, no) < len(instructions)
    assert instructions[-1] == (6, 0, 0, 0x7FFF0000)
    assert program("z80") == []


@pytest.mark.parametrize("limits", [Limits(cpu=2), Limits(seconds=3.0)], ids=["cpu", "wall"])
def test_a_loop_without_end_is_ended(make, limits):
    """By processor time or by wall time, with one clear error."""
    with pytest.raises(ModelTooCostly, match="loop without end"):
        Model.of(make.endless(), limits=limits).ask(make.probes)


def test_a_model_that_asks_for_too_much_memory_is_ended(make):
    """Terabytes out of one small constant."""
    with pytest.raises(ModelTooCostly, match="4096 MiB"):
        Model.of(make.greedy()).ask(make.probes)


def test_answers_beyond_the_limit_of_a_file_are_refused(make):
    """The process cannot write them."""
    with pytest.raises(ModelFailed):
        Model.of(make.linear(), limits=Limits(output=100)).ask(make.probes)


@pytest.mark.parametrize(
    ("report", "code"),
    [(b"", 0), (b"[]", 0), (b"\xff", 0), (b"x" * (2 << 20), 0), (b"{}", 7), (b"{}", -11), (b"{}", -9), (b"{}", -24)],
    ids=lambda value: repr(value)[:12],
)
def test_a_report_is_not_believed(tmp_path, report, code):
    """Not JSON, too long, no object, or left by a process that died."""
    (tmp_path / worker.RESULT).write_bytes(report)
    with pytest.raises(host.Stopped):
        host.report(tmp_path, code)


def test_a_process_that_leaves_nothing_is_noticed(tmp_path):
    """However it ended."""
    with pytest.raises(host.Stopped, match="died"):
        host.report(tmp_path, 0)


@pytest.mark.parametrize(
    ("cause", "error"),
    [("missing", AdapterMissing), ("memory", ModelTooCostly), ("time", ModelTooCostly), ("x", ModelFailed)],
)
def test_why_a_model_stopped_is_said(make, cause, error):
    """A library that is missing is no fault of the model's."""

    def run(*_: object, **__: object) -> host.Done:
        raise host.Stopped(cause, "onnx")

    model = Model(data=make.linear(), form=Model.of(make.linear()).form, run=run)
    with pytest.raises(error):
        model.ask(make.probes)

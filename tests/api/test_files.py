"""Files that commands write: whole, or not there."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITING = """
import resource, sys
from pathlib import Path
from api.commands import files
room = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    files.write(Path(sys.argv[1]), bytes(1 << 16))
except files.FileProblem as problem:
    print(problem)
"""


def writing(path: Path, room: int) -> str:
    """What a program says that writes 64 KiB where there is room for so many bytes."""
    given = [sys.executable, "-c", WRITING, str(path), str(room)]
    return subprocess.run(given, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_file_without_room_is_not_left_half_written(tmp_path):
    """It would look whole, and stand in the way of the next try; one that was there before is left alone."""
    path = tmp_path / "new"
    assert "cannot write" in writing(path, 1 << 12)
    assert not path.exists()
    assert writing(path, 1 << 20) == ""
    assert "exists" in writing(path, 1 << 12)
    assert path.stat().st_size == 1 << 16

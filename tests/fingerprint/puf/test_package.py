"""The package's door: what it exports, what it loads, and that its document's example runs."""

import re
import subprocess
import sys
from pathlib import Path

import fingerprint.extractor
from fingerprint import codes, puf

DOCUMENT = Path(__file__).parents[3] / "docs" / "puf.md"


def test_everything_exported_exists():
    """`__all__` is sorted as ruff sorts it, without doubles, and every name resolves."""
    for package in (puf, codes, fingerprint.extractor):
        assert len(set(package.__all__)) == len(package.__all__)
        assert all(hasattr(package, name) for name in package.__all__)


def test_importing_is_light():
    """No torch, no pictures, no optimiser, no web and no database come with it."""
    code = "import sys; from fingerprint import puf; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"torch", "matplotlib", "sqlalchemy", "fastapi", "pydantic", "scipy.optimize", "sklearn"}
    assert "fingerprint.puf.sram" in loaded
    assert not heavy & set(loaded)


def test_the_documents_example_runs():
    """The first Python block of docs/puf.md gives the enrolled key from a hot, ten years old chip."""
    block = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(compile(block[1], str(DOCUMENT), "exec"), names)
    assert names["key"] == names["made"].key
    assert len(names["key"]) == 32

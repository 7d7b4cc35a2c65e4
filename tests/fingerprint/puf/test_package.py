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


def test_the_documents_examples_run():
    """Both Python blocks of docs/puf.md: the key from a hot, ten years old chip, and figures of eight boards."""
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(DOCUMENT), "exec"), names)
    assert names["key"] == names["made"].key
    assert len(names["key"]) == 32
    assert 0.4 < names["found"].metrics.uniqueness.value < 0.6

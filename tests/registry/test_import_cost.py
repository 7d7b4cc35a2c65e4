"""What importing the registry loads: no torch, no web framework."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("module", ["registry.service", "registry.verification", "registry.store"])
def test_importing_loads_neither_torch_nor_the_web(module: str) -> None:
    """A fresh interpreter that imports the registry has not loaded torch, FastAPI or pydantic."""
    heavy = ("torch", "fastapi", "starlette", "pydantic", "httpx2", "typer", "matplotlib", "sklearn")
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

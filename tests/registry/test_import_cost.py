"""What importing the registry loads: no torch, no web framework."""

import subprocess
import sys
from pathlib import Path


def test_importing_loads_neither_torch_nor_the_web() -> None:
    """A fresh interpreter that imports the whole registry has not loaded torch, FastAPI or pydantic."""
    heavy = ("torch", "fastapi", "starlette", "pydantic", "httpx2", "typer", "matplotlib", "sklearn")
    modules = "registry.service, registry.verification, registry.store, registry.witness.witness"
    code = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

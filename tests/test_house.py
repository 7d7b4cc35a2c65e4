"""Rules of the house that no linter knows: import cost, documented names, no pickle, a README that runs."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("fingerprint", "distill", "registry", "api")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter at the root of the checkout."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_no_torch_without_need():
    """Registry, verification, service and command line start without loading torch."""
    modules = "registry.service, registry.verification, fingerprint.verify, fingerprint.puf, api.app, api.cli"
    done = run(f"import sys, {modules}; sys.exit('torch' in sys.modules)")
    assert done.returncode == 0, done.stderr


VERIFY = """
import sys
import numpy as np
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.verify import Candidates, gather, judge
rng = np.random.default_rng(1)
f = lambda *shape: rng.normal(size=shape).astype(np.float32)
pack = VerifierPack(release_key=bytes(32), probes=f(50, 2), features=f(50, 3), references={"clean": f(50, 4)},
                    pool=default_pool(("clean",)))
pack = VerifierPack.from_bytes(pack.to_bytes())
signs = np.ones((2, pack.bits), dtype=np.int8)
many = Candidates(release=pack.release_id, devices=("a", "b"), copies=("1", "2"), codewords=signs)
judge(gather(pack, observe("labels", rng.integers(4, size=50), probes=50, classes=4)), many)
sys.exit("torch" in sys.modules)
"""


def test_verifying_loads_no_torch():
    """A whole verification, from pack bytes to verdict, in an interpreter that never sees torch."""
    done = run(VERIFY)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_names_are_documented(path):
    """Every public function and class at the top of a module has a docstring, and so has the module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    bare = [
        node.name
        for node in tree.body
        if isinstance(node, kinds) and node.name[0] != "_" and not ast.get_docstring(node)
    ]
    assert not bare
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_unpickled(path):
    """No pickle, no torch.load, no numpy.load that allows pickle."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            assert not {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve"} & {
                n.split(".")[0] for n in names
            }
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) != "torch.load"
            assert "allow_pickle=True" not in ast.unparse(node)


DATABASE_ROOMS = ("models/", "database.py", "migrations.py", "repository/", "log/storage.py")


def test_sqlalchemy_only_where_the_database_is():
    """A module written tomorrow is held to it as well, which a list of modules in a linter would not do."""
    users = [str(path.relative_to(ROOT)) for path in SOURCES if "sqlalchemy" in _imports(path)]
    assert users
    assert [name for name in users if not name.startswith(tuple(f"registry/{room}" for room in DATABASE_ROOMS))] == []


def _imports(path):
    """First words of what a module imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {(node.module or "").split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}


def test_alembic_is_no_package():
    """A file of that name would hide the library."""
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_the_readme_example_runs(tmp_path):
    """The first Python block of the README runs as it stands, and prints what it says it prints."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert block is not None
    example = tmp_path / "example.py"
    example.write_text(block.group(1), encoding="utf-8")
    done = subprocess.run([sys.executable, str(example)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["edge-7"]


def test_measured_figures_are_fresh():
    """Every figure in README and docs is the one in the file that a benchmark wrote."""
    done = run("import sys; sys.argv = ['figures', '--check']; from benchmarks.figures import main; sys.exit(main())")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path):
    """Every relative link names a file of the checkout."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target

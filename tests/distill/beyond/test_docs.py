"""The example of docs/distil.md."""

import re
from pathlib import Path


def test_the_example_runs(capsys):
    """As it stands; gone on with, a finished training gives the same bits."""
    text = (Path(__file__).parents[3] / "docs/distil.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(compile(block.group(1), "docs/distil.md", "exec"), {})
    first, second = capsys.readouterr().out.split()
    assert first == second
    assert first.startswith("sha256:")

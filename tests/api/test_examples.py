"""The example pipelines: every command in them is one that this program has, with options that it has."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from api.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"


def _commands(text) -> list[list[str]]:
    """Commands of this program in a workflow; a folded block is one line."""
    lines = [line for line in text.splitlines() if not line.strip().startswith("#")]
    found, folded = [], None
    for line in lines:
        entry = re.match(r"\s*- (run: )?(>-)?(countermark .*)?$", line)
        if entry:
            folded = [] if entry[2] else None
            found += [shlex.split(entry[3])] if entry[3] else []
        elif folded is not None and re.match(r"\s+\S", line):
            folded += shlex.split(line)
            if folded[0] == "countermark" and folded not in found:
                found.append(folded)
        else:
            folded = None
    return found


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_the_commands_of_a_pipeline_exist(name):
    """`ci` and a checkpoint, each option known, and nothing required left out."""
    commands = _commands((EXAMPLES / name).read_text())
    assert [command[1] for command in commands] == ["ci", "log"]
    for words in commands:
        command = get_command(app)
        rest = words[1:]
        while hasattr(command, "commands"):
            command = command.commands[rest.pop(0)]
        options = {option: parameter for parameter in command.params for option in parameter.opts}
        given = {word for word in rest if word.startswith("--")}
        assert given <= set(options), given - set(options)
        required = {parameter.opts[0] for parameter in command.params if parameter.required} - {"release"}
        assert required <= given


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_a_pipeline_holds_no_secret_and_no_tab(name):
    """The token comes from the pipeline's secrets; YAML has no tabs."""
    text = (EXAMPLES / name).read_text()
    assert "\t" not in text
    assert "cmk_" not in text

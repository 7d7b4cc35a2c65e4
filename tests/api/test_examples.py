"""The example pipelines: they are of their platform's published form, and every command in them is one of this program.

A workflow is read as YAML; of each script in it the shell's words are taken, and those of `countermark` are parsed by
the command itself, with all that it would refuse.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for
from typer.main import get_command

from api.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
SCHEMAS = {"github.yml": "vendor.github-workflows", "gitlab.yml": "vendor.gitlab-ci"}
NAMES = pytest.mark.parametrize("name", SCHEMAS)


class Loader(yaml.SafeLoader):
    """YAML 1.2's booleans, as the platforms have them: `on` is a key of a workflow."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in rules if tag != "tag:yaml.org,2002:bool"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))


def document(name: str) -> Any:
    """A workflow."""
    return yaml.load((EXAMPLES / name).read_text(), Loader=Loader)


def scripts(name: str) -> list[str]:
    """Every line for a shell in a workflow."""
    found = document(name)
    if name == "gitlab.yml":
        return [line for job in found.values() for line in job["script"]]
    return [step["run"] for job in found["jobs"].values() for step in job["steps"] if "run" in step]


def commands(name: str) -> list[list[str]]:
    """The arguments of every call of this program, without redirections."""
    calls = [shlex.split(line, comments=True) for script in scripts(name) for line in script.splitlines()]
    return [words[1 : words.index(">") if ">" in words else None] for words in calls if words[:1] == ["countermark"]]


def parse(words: list[str]) -> None:
    """What the command would refuse is an error; nothing is run."""
    command, rest = get_command(app), words
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context(command.name, list(rest))


@NAMES
def test_a_pipeline_is_of_the_published_form(name):
    """The schema that the platform's editors use; a script that is a number is not."""
    schema = get_builtin_schema(SCHEMAS[name])
    validator = validator_for(schema)(schema)
    found = document(name)
    assert [error.message for error in validator.iter_errors(found)] == []
    job = next(iter(found.get("jobs", found).values()))
    job["script" if name == "gitlab.yml" else "steps"] = 7
    assert list(validator.iter_errors(found))


@NAMES
def test_the_commands_of_a_pipeline_exist(name):
    """A release and a checkpoint; each option is known, has a value of its kind, and nothing required is left out."""
    found = commands(name)
    assert [words[0] for words in found] == ["ci", "log"]
    for words in found:
        parse(words)
    with pytest.raises(Exception, match=r"(?i)no such option"):
        parse([*found[0], "--nonsense"])
    with pytest.raises(Exception, match=r"(?i)missing"):
        parse([word for word in found[0] if word != "--out"][:2])


@NAMES
def test_a_pipeline_holds_no_secret_and_no_tab(name):
    """The token comes from the pipeline's secrets; YAML has no tabs."""
    text = (EXAMPLES / name).read_text()
    assert "\t" not in text
    assert "cmk_" not in text

"""Configurations: the documented form is read, everything else is one error that names file, key and way out."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.config import KEYS, OBJECTIVES, Config
from distill.errors import ConfigInvalid
from distill.objectives import CATALOGUE
from distill.toml_keys import REQUIRED

FILE = Path("/somewhere/digits.toml")
NEEDED = """
[teacher]
weights = "t.safetensors"
architecture = "t.json"
features = "relu_1"
[student]
architecture = "s.json"
head = "head"
[data]
transfer = "transfer.npy"
probes = "/elsewhere/probes.npy"
[recipe]
[copies]
release = "digits-1"
[run]
out = "out"
"""


def test_what_is_left_out_has_its_default():
    """Paths start from the file's folder; recipe and run are the library's own."""
    config = Config.of(NEEDED, FILE)
    assert config.teacher.weights == Path("/somewhere/t.safetensors")
    assert config.data.probes == Path("/elsewhere/probes.npy")
    assert (config.data.test, config.copies.devices, config.run.workers) == (None, (), 1)
    assert config.recipe.components == 24
    assert config.recipe.minimised == CATALOGUE["hinton"]()


def test_the_document_has_every_key():
    """The example of docs/distil.md names each key of the form, and each objective."""
    text = (Path(__file__).parents[2] / "docs/distil.md").read_text(encoding="utf-8")
    block = re.search(r"```toml\n(.*?)```", text, flags=re.DOTALL).group(1).replace("# codewords", "codewords")
    assert {name: set(keys) for name, keys in tomllib.loads(block).items()} == {n: set(k) for n, k in KEYS.items()}
    assert all(name in block for name in OBJECTIVES)
    assert Config.of(block, FILE).recipe.training.epochs == 12


WRONG = {
    'out = "out"': ("out = 7", r"\[run\] out = 7; it must be a path"),
    "[recipe]": ("[recipe]\nstrength = -1", r"\[recipe\] strength = -1; it must be a number above 0"),
    "[recipe]\n": ("[recipe]\nclean_students = 1\n", "clean_students = 1; .* at least 2"),
    "[run]": ("[run]\nworkers = true", "workers = True; .* whole number"),
    "[run]\n": ("[run]\nevery = nan\n", "every = nan; .* whole number"),
    "[copies]": ('[copies]\ndevices = ["a/b"]', "devices = .*; .* slash"),
    "[copies]\n": ('[copies]\ndevices = ["a", "a"]\n', "different names"),
    "[data]": ("[data]\nlabels = 1", r"no key in \[data\] 'labels'; it may have transfer, probes, test"),
    "[student]": ("[pupil]", "no table 'pupil'; it may have teacher, student"),
    "[teacher]": ("[teacher", "no TOML: .*; correct that line"),
    'head = "head"': ("", r"\[student\] lacks the key 'head'; give it text"),
    'head = "head"\n': ('objective = "mse"\n', "no key in .student. 'objective'"),
    "[recipe]\n[copies]": ('[recipe]\nobjective = "ltkd"\n[copies]', "objective = 'ltkd'; it must be one of hinton"),
    "[recipe]\n[copies]\n": (
        '[recipe]\nobjective = "mse"\ntemperature = 2\n[copies]\n',
        "temperature: the objective 'mse' has none; leave the key out",
    ),
    "\n[teacher]": ("data = 3\n[teacher]", "Cannot declare|twice|data is no table|no TOML"),
}


@pytest.mark.parametrize("found", WRONG)
def test_a_wrong_key_is_one_error(found):
    """It names the file, the key and what it must be."""
    changed, said = WRONG[found]
    with pytest.raises(ConfigInvalid, match=said) as raised:
        Config.of(NEEDED.replace(found, changed), FILE)
    assert str(FILE) in str(raised.value)


@given(st.sampled_from(sorted(KEYS)), st.from_regex(r"[a-z_]{1,12}", fullmatch=True))
def test_unknown_keys_are_refused(table, name):
    """Whatever the word, in whatever table."""
    text = NEEDED.replace(f"[{table}]", f"[{table}]\n{name} = 1")
    with pytest.raises(ConfigInvalid):
        Config.of(text, FILE) if name not in KEYS[table] else Config.of(text + f'\n{name} = "twice"', FILE)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_can_be_named(name):
    """With its own constants; with a temperature where it has one."""
    text = NEEDED.replace("[recipe]", f'[recipe]\nobjective = "{name}"')
    assert Config.of(text, FILE).recipe.minimised == CATALOGUE[name]()


def test_required_keys_are_those_without_a_default():
    """Each of them, left out, is asked for by name."""
    for table, keys in KEYS.items():
        for name in (name for name, key in keys.items() if key.default is REQUIRED):
            begin, _, rest = NEEDED.partition(f"[{table}]")
            with pytest.raises(ConfigInvalid, match=f"lacks the key '{name}'"):
                Config.of(begin + f"[{table}]" + re.sub(rf"^{name} = .*$", "", rest, count=1, flags=re.MULTILINE), FILE)

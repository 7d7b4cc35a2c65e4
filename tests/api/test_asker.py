"""Two requests at once about one case and one suspect."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from api.asker import Asker
from api.settings import Settings
from api.suspects.suspect import Reply
from fingerprint.errors import ObservationError
from tests.patience import PATIENCE, comes


class Constant:
    """A suspect that answers the same to everything."""

    identity, at_once = "constant", None

    def ask(self, batch) -> Reply:
        """Ones."""
        return Reply(answers=np.ones((len(batch), 3)), exchange={})

    def close(self) -> None:
        """Nothing is held open."""


class Desk:
    """A desk that finds answers of no use, those of both requests at the same time."""

    def __init__(self) -> None:
        self.weighs, self.both = threading.Event(), threading.Barrier(2)

    def require_decidable(self, _case: str) -> None:
        """It is."""

    def probes(self, _case: str) -> np.ndarray:
        """Some."""
        return np.zeros((8, 2), np.float32)

    def send_outputs(self, _case: str, _answers: np.ndarray, *, kind: str) -> None:
        """Refused, once both are here."""
        del kind
        self.weighs.set()
        self.both.wait(PATIENCE)
        raise ObservationError("all answers are the same")


def test_answers_of_no_use_are_set_aside_once(tmp_path):
    """Both requests are told what is wrong with the answers; their one record lies aside, in nobody's way."""
    asker, desk = Asker(settings=Settings(data=tmp_path)), Desk()

    def asked() -> None:
        with pytest.raises(ObservationError):
            asker.verdict(desk, "case", Constant(), kind="logits")

    with ThreadPoolExecutor(1) as other:
        first = other.submit(asked)
        comes(desk.weighs)
        asked()
        first.result()
    (aside,) = (tmp_path / "records").iterdir()
    assert aside.suffix in {".1", ".2"}  # as either request was the one to move it
    assert aside.stat().st_size

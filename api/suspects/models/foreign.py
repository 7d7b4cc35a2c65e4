"""Formats that are refused, told by their bytes, each with the way to convert it."""

import io
import pickletools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from api.suspects import npz
from api.suspects.errors import (
    AnswersMalformed,
    AnswersTooLarge,
    ModelError,
    ModelMalformed,
    ModelTooLarge,
    ModelUnknownFormat,
    ModelUnsafe,
)

_MOST_DIRECTORY, _LOOK = 1 << 24, 1 << 12

_TO_ONNX = "torch.onnx.export(model.eval(), example, 'model.onnx')"
_TO_SAFETENSORS = "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
_SKOPS = "skops.io.dump(estimator, 'model.skops')"
_ANSWERS = "ask the model where you trust it and send numpy.savez('outputs.npz', outputs=answers)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One refused format.

    Attributes:
        name: as users call it.
        matches: whether bytes are of this format; the second argument lists a zip archive's entries.
        way: how to convert it.
        unsafe: whether reading it runs code; otherwise it is merely not read.
    """

    name: str
    matches: Callable[[bytes, frozenset[str]], bool]
    way: str
    unsafe: bool = True

    def error(self) -> ModelError:
        """What is said."""
        if self.unsafe:
            return ModelUnsafe(f"the file is {self.name}, and loading one runs the code in it; load it where you trust"
                               f" it and convert it: {self.way}; or {_ANSWERS}")  # fmt: skip
        return ModelUnknownFormat(
            f"the file is {self.name}, which is not run here; convert it: {self.way}; or {_ANSWERS}"
        )


def _begins(*marks: bytes) -> Callable[[bytes, frozenset[str]], bool]:
    return lambda data, _entries: data.startswith(marks)


def _holds(*ends: str) -> Callable[[bytes, frozenset[str]], bool]:
    return lambda _data, entries: any(entry.endswith(ends) for entry in entries)


def _torchscript(_data: bytes, entries: frozenset[str]) -> bool:
    return any(entry.endswith("constants.pkl") for entry in entries) and any("/code/" in entry for entry in entries)


def _pickle(data: bytes, _entries: frozenset[str]) -> bool:
    """Protocols 2 to 5 by their mark, 0 and 1 by their first opcodes (read, not run) and the stop at the end."""
    if len(data) > 1 and data[0] == 0x80 and 2 <= data[1] <= 5:
        return True
    if data[-1:] != b"." or data[:1] not in (b"(", b"c", b"]", b"}"):
        return False
    try:
        return len(list(islice(pickletools.genops(data[:_LOOK]), 3))) == 3
    except ValueError:
        return False


FOREIGN = (
    Foreign(name="TorchScript", matches=_torchscript, way=_TO_ONNX),
    Foreign(
        name="a torch.export program (.pt2)",
        matches=_holds("serialized_exported_program.json", "archive_format", "models/model.json"),
        way=_TO_ONNX,
    ),
    Foreign(
        name="a Keras model (.keras)",
        matches=lambda _data, entries: {"config.json", "metadata.json"} <= entries,
        way="tf2onnx.convert.from_keras(model, output_path='model.onnx')",
    ),
    Foreign(name="a torch file (.pt, .pth, .bin), a pickle inside", matches=_holds(".pkl"), way=_TO_SAFETENSORS),
    Foreign(name="a Python pickle (or joblib's)", matches=_pickle, way=f"{_SKOPS}, or {_TO_SAFETENSORS}"),
    Foreign(
        name="a compressed file, as joblib writes them",
        matches=_begins(
            b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd", b"ZF", b"\x78\x01",
            b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"7z\xbc\xaf\x27\x1c", b"\x5d\x00\x00",
        ),
        way=f"{_SKOPS}, or unpack it if it is something else",
    ),
    Foreign(
        name="an HDF5 file (.h5, as Keras writes them)",
        matches=_begins(b"\x89HDF\r\n\x1a\n"),
        way="tf2onnx.convert.from_keras(model, output_path='model.onnx')",
    ),
    Foreign(
        name="a tar archive, as old torch files are",
        matches=lambda data, _entries: data[257:262] == b"ustar",
        way=_TO_SAFETENSORS,
    ),
    Foreign(
        name="a TensorFlow Lite model",
        matches=lambda data, _entries: data[4:8] == b"TFL3",
        way="python -m tf2onnx.convert --tflite model.tflite --output model.onnx",
        unsafe=False,
    ),
    Foreign(
        name="a GGUF model",
        matches=_begins(b"GGUF"),
        way="serve it with llama.cpp and give its address, http://HOST/v1/completions",
        unsafe=False,
    ),
)  # fmt: skip
"""A new row is found by the conformance suite, which writes a file of every format."""


def entries_of(data: bytes) -> frozenset[str]:
    """The names in a zip archive; none where it is no archive.

    Raises:
        ModelMalformed: it begins like an archive and is none.
        ModelTooLarge: it lists more entries than any model has.
    """
    if not data.startswith(b"PK"):
        return frozenset()
    try:
        npz.check_directory(data, most=_MOST_DIRECTORY, zip64=True)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return frozenset(archive.namelist())
    except AnswersTooLarge as error:
        raise ModelTooLarge(str(error)) from error
    except (AnswersMalformed, zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:  # zipfile's own
        raise ModelMalformed(f"the archive is truncated or damaged ({error}); save and send it again") from error


def refuse(data: bytes, entries: frozenset[str]) -> None:
    """Return if the bytes are none of the refused formats.

    Raises:
        ModelUnsafe, ModelUnknownFormat: they are; the message says how to convert them.
    """
    for form in FOREIGN:
        if form.matches(data, entries):
            raise form.error()

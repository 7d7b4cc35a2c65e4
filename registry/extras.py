"""Libraries that come with an extra: imported when they are needed, and named when they are missing."""

from importlib import import_module
from types import ModuleType

from registry.errors import ExtraMissing


def need(module: str, *, extra: str, purpose: str) -> ModuleType:
    """The module, imported.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"{purpose} needs the extra '{extra}'; run: pip install 'countermark[{extra}]'") from error

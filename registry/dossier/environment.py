"""What a pack was made with: interpreter, libraries, and the digest of the verifying program's sources."""

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from registry.code import code_digest

DISTRIBUTION = "countermark"


def environment() -> dict[str, Any]:
    """Versions of everything that a verdict was computed with."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {DISTRIBUTION: version(DISTRIBUTION), **_required()},
        "code": code_digest(),
    }


def _required() -> dict[str, str]:
    found = {}
    for line in requires(DISTRIBUTION) or ():
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name is None or "extra ==" in line:
            continue
        try:
            found[name.group()] = version(name.group())
        except PackageNotFoundError:  # another platform's
            continue
    return dict(sorted(found.items()))

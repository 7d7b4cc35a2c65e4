"""The service that is attacked, as a process: the real application; only names under `.test` are resolved here.

    python -m benchmarks.hostile.service DATA PORT

Everything is allowed that an operator can allow, but one address only.
"""

import itertools
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn

from api.app import create_app
from api.settings import Settings
from benchmarks.hostile.endpoints import ALLOWED, INSIDE

MIB = 1 << 20
SETTINGS: dict[str, Any] = {
    "max_upload_bytes": 8 * MIB,
    "max_array_bytes": 16 * MIB,
    "upload_seconds": 20,
    "rate_calls": "100000/minute",
    "rate_verdicts": "100000/minute",
    "rate_tries": "100000/day",
    "rate_cases": "100000/day",
    "run_models": True,
    "max_model_bytes": 8 * MIB,
    "model_seconds": 10,
    "ask_endpoints": True,
    "allow_networks": (f"{ALLOWED}/32",),
    "answer_seconds": 1.0,
    "answer_bytes": 4 * MIB,
    "asking_seconds": 20.0,
}
_COUNT = itertools.count()


def _addresses(name: str) -> list[str]:
    """What the hostile name server says: `then-inside.test` changes with every question."""
    match name:
        case "both.test":
            return [ALLOWED, INSIDE]
        case "then-inside.test":
            return [ALLOWED if next(_COUNT) % 2 == 0 else INSIDE]
        case "inside.test":
            return [INSIDE]
        case "mapped.test":
            return [f"::ffff:{INSIDE}"]
        case "metadata.test":
            return ["169.254.169.254"]
        case _:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def main() -> None:
    """Serve until told to stop."""
    asked = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if not str(host).endswith(".test"):
            return asked(host, port, *args, **more)
        return [found for address in _addresses(str(host)) for found in asked(address, port, *args, **more)]

    socket.getaddrinfo = resolve
    data, port = Path(sys.argv[1]), int(sys.argv[2])
    app = create_app(Settings(data=data, **SETTINGS), stream=sys.stderr)
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="error")


if __name__ == "__main__":
    main()

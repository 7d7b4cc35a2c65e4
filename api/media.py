"""Media types and header names that the service and its clients share."""

JSON = "application/json"
NPZ = "application/x-npz"
SAFETENSORS = "application/vnd.safetensors"
ZIP = "application/zip"
OCTETS = "application/octet-stream"
JSON_LINES = "application/jsonl"
IDEMPOTENCY_KEY = "Idempotency-Key"


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header (RFC 9110, 12.5.3) names gzip, or everything, and does not weigh it at nought.

    Example:
        >>> accepts_gzip("identity, gzip;q=0.5"), accepts_gzip("gzip;q=0, *"), accepts_gzip("")
        (True, False, False)
    """
    weights: dict[str, float] = {}
    for item in header.lower().split(","):
        coding, _, parameter = (part.strip() for part in item.partition(";"))
        weights[coding] = _weight(parameter)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q=")) if parameter else 1.0
    except ValueError:
        return 0.0

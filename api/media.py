"""Media types and header names that the service and its clients share."""

JSON = "application/json"
NPZ = "application/x-npz"
SAFETENSORS = "application/vnd.safetensors"
OCTETS = "application/octet-stream"
IDEMPOTENCY_KEY = "Idempotency-Key"

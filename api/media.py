"""Media types of the files that the service takes and gives."""

NPZ = "application/x-npz"
SAFETENSORS = "application/vnd.safetensors"
OCTETS = "application/octet-stream"

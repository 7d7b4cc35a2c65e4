"""The witness protocol on both sides, https://c2sp.org/tlog-witness: bytes in, bytes out."""

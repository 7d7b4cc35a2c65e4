"""Where key-encryption keys live: one small protocol, one module for each kind of place."""

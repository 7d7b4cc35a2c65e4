"""A registry of 10^6 devices and copies: listing, looking up, and streaming codewords into identification."""

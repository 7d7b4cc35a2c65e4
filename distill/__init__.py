"""Carrying the signature into a copy: distillation, minting, attacks. Torch, no database."""

"""How many copies may be mixed before no member is named."""

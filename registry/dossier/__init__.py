"""Making evidence packs: what is disclosed about one accused, laid out and signed. `registry.evidence` reads them."""

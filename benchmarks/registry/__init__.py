"""What the registry's log costs: durable appends, proofs, audits, recovery."""

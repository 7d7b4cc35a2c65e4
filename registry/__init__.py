"""Who got which copy: devices, releases, copies, verdicts and an append-only log. No torch, no web."""

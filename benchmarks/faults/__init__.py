"""What the registry loses when its writers, its server, its disk, its power or its clock fail: it must be nothing."""

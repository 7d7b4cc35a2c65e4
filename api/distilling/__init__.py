"""`countermark distil`: from a configuration to the copies of a release. Loads torch."""

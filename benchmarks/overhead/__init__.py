"""What signing costs: time of a step, time of preparing a release, memory."""

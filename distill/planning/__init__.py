"""The parts of `distill.planner`: goal, shadows, score surface, choice, refusal."""

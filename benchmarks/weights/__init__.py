"""What a leaked file says about whose copy it is, after everything a thief does to weights."""

"""The main job, end to end on real handwritten digits: enrol, fingerprint, register, catch the clone, audit."""

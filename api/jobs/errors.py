"""What can be wrong with the way in which jobs are done."""


class JobsUnusable(Exception):
    """The operator chose a backend of jobs that cannot be used here; the message says why, and the way out."""

"""Durable jobs at work: what a worker does with a lease, the threads it does it in, and how a job is followed."""

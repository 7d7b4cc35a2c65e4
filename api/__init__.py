"""The rim: HTTP service, commands, suspects, the demonstration."""

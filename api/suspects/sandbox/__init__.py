"""A process of its own for whatever parses or runs a suspect's file: little memory, little time, no network.

| file | what |
|---|---|
| host.py | starts the process, waits, kills, reads what it left |
| folder.py | the process's folder, removed by the next run if this one is killed |
| worker.py | the process: confines itself, then does one task |
| confine.py | limits on memory, time and files; a network of nobody |
| seccomp.py | no sockets, no programs, no other processes |
| landlock.py | no files but Python's own and its own folder |
"""

"""Who is told that a job may go on, and does its next step: one file for each way, in a catalogue.

| backend | where | how a worker learns of work |
|---|---|---|
| `rows` | SQLite, PostgreSQL | looks into the jobs' own table, twice a second |
| `procrastinate` | PostgreSQL | Procrastinate tells it at once; what nobody was told of is found now and then |

What a job has come to, and who holds the lease of which step, is in the registry's own tables with either; a backend
that forgets or repeats itself costs time and nothing else.
"""

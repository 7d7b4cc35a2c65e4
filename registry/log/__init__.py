"""The append-only log: RFC 6962 tree, C2SP signed notes and checkpoints. Only `storage` knows SQLAlchemy."""

"""Where a registry lives: a data directory with a database, keys and verifier packs.

Public signatures (being filled in):

    init_store(data_dir, *, kek=None, database_url=None, origin=None, clock=utc_now, entropy=os.urandom) -> None
        Creates registry.db (migrated), kek.key (0600, only when `kek` is None), log.key (0600), log.pub, packs/.
        Raises StoreExists.
    open_registry(data_dir, *, kek=None, database_url=None, clock=utc_now, entropy=os.urandom)
        Context manager giving a Store. Raises StoreMissing, KeyFileUnsafe, SealingUnavailable.
    class Store:
        with store.unit() as registry: ...      # one writing unit: one commit at the end, none on an exception;
                                                # then the log's new entries are put under a signed checkpoint
        with store.reading() as registry: ...   # a reading unit; it never blocks writers, and refuses to write
        store.publish() -> Checkpoint           # sign what is committed and not yet signed (done by unit() already)
        store.audit(*, since: str | None = None) -> AuditReport     # `since` is an old checkpoint's note
        store.health() -> Health(database: bool, migrated: bool, checkpoint_size: int, entries: int)

`kek` is exactly 32 bytes.
"""

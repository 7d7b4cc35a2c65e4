"""Group commit: threads that write take turns on one transaction, and wait for one flush of the disk together.

1. A unit begins when it is its turn: in the open group's transaction, or in a new one, which holds the log's lock.
2. Each unit but a group's first has a savepoint: an exception undoes that unit and no other.
3. A unit that is done hands the transaction to whoever waits for a turn, and waits for the group.
4. When nobody waits, or the group is full, its last unit commits, flushed to the disk; then the log is signed.
5. Every unit of the group returns, or every one raises what the commit or the signature raised.

So nothing is acknowledged that is not on the disk, and what is signed is on the disk (`registry.log.log`). Units should
be short: those of one group wait for each other, as they would have waited for the lock.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from registry.database import Database, Transaction
from registry.errors import DatabaseUnavailable, KeysUnavailable, NotPublished, UnitInUnit
from registry.log.frontier import Frontier
from registry.parts import Parts
from registry.usecases.tools import Tools

MOST = 64  # units of a group; beyond it PostgreSQL's savepoints become slow


class _Group:
    """One transaction, the units that wait for it, and how far the log has come in it."""

    def __init__(self, stack: ExitStack, transaction: Transaction, begun: Frontier) -> None:
        self.stack = stack
        self.transaction = transaction
        self.begun = self.frontier = begun
        self.units = 0
        self.done = threading.Event()
        self.error: BaseException | None = None


class Writers:
    """The writing units of one store."""

    def __init__(self, database: Database, parts: Parts) -> None:
        self._database = database
        self._parts = parts
        self._turn = threading.Lock()
        self._waiting = set[int]()  # threads; adding and discarding one is a single step of the interpreter's
        self._whose: int | None = None
        self._group: _Group | None = None
        self._known: Frontier | None = None

    @contextmanager
    def unit(self) -> Iterator[Tools]:
        """One unit: when the block has ended, it is committed and signed; an exception in it undoes it.

        Raises:
            NotPublished: committed, and not signed yet; the next unit, or opening the store again, signs it first.
            UnitInUnit: this thread has a unit open already.
            DatabaseUnavailable: the database refused; nothing of the unit was kept.
        """
        self._take_turn()
        try:
            group = self._group or self._begin()
            try:
                with group.transaction.scope(alone=group.units == 0) as scope:
                    tools = self._parts.tools(scope, group.frontier)
                    yield tools
            except BaseException as error:
                self._leave(group, error)
                raise
            group.units += 1
            group.frontier = tools.log.reached or group.frontier
            self._leave(group)
        finally:
            self._end_turn()
        group.done.wait()
        if group.error is not None:
            raise group.error

    def _take_turn(self) -> None:
        if self._whose == threading.get_ident():
            raise UnitInUnit("this thread has a writing unit open; end it before the next one begins")
        me = threading.get_ident()
        try:
            self._waiting.add(me)
            self._turn.acquire()
        except BaseException:  # a signal's, in the main thread
            self._go_away(me)
            raise
        self._waiting.discard(me)
        self._whose = me

    def _go_away(self, thread: int) -> None:
        """Have a thread wait no more. The open group ends, if it was left open for that thread."""
        self._waiting.discard(thread)
        with self._turn:
            if self._group is not None and not self._waiting:
                self._end(self._group, None)

    def _end_turn(self) -> None:
        self._whose = None
        self._turn.release()

    def _begin(self) -> _Group:
        """1. A new group. What a crash left unsigned is signed before anything follows it."""
        with ExitStack() as stack:
            transaction = stack.enter_context(self._database.transaction())
            begun = self._parts.log(transaction.connection).frontier(self._known)
            self._group = _Group(stack.pop_all(), transaction, begun)
        return self._group

    def _leave(self, group: _Group, error: BaseException | None = None) -> None:
        """3 and 4. Hand the transaction on, or end it: at once if this unit's error took it along."""
        lost = error is not None and (group.units == 0 or not group.transaction.alive())
        if lost or not self._waiting or group.units >= MOST:
            self._end(group, error if lost else None)

    def _end(self, group: _Group, error: BaseException | None) -> None:
        """4 and 5. Commit and sign, or undo; then let everybody in the group go on."""
        self._group = None
        try:
            if error is None:
                group.stack.close()
                self._sign(group)
            else:
                group.error = error
                group.stack.__exit__(type(error), error, error.__traceback__)
        except BaseException as failure:  # noqa: BLE001 - raised by every unit of the group
            group.error = failure
        finally:
            group.done.set()

    def _sign(self, group: _Group) -> None:
        if group.frontier.size > group.begun.size:
            try:
                with self._database.unflushed() as connection:
                    self._parts.log(connection).sign(group.frontier)
            except (DatabaseUnavailable, KeysUnavailable) as error:
                raise NotPublished(f"the unit is committed, and its checkpoint not signed yet: {error}") from error
        self._known = group.frontier

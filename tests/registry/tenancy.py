"""Whether a statement asks for one tenant's rows only, read from its structure and not from its text.

A statement is confined when the `tenant_id` of every tenant's table in it, under whatever alias, is tied to a parameter
by equations that hold for every row that it reads: conjuncts of a WHERE or of an ON, of its own SELECT or an enclosing
one. What stands under an OR or a NOT ties nothing, and an outer join's ON ties its optional side only.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Delete, Select, Update
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import Join

from registry.models import Base

OWNED = frozenset(table.name for table in Base.metadata.sorted_tables if "tenant_id" in table.columns)
# Queries that look beyond one tenant by their nature: the audit, the rewrapping of keys, due jobs, whose a token is.
ACROSS = {("scan.py", None), ("sealed.py", None), ("due.py", None), ("access.py", "key_by_hash")}
REGISTRY = str(Path(__file__).parents[2] / "registry")
Equations = list[tuple[str, Any, frozenset[str] | None]]  # table, what its tenant_id equals, tables that it may tie


class Unconfined(AssertionError):
    """A statement that would see more than one tenant's rows."""


class Skipping(AssertionError):
    """A page that is found by skipping rows: the further down the list, the slower."""


class Watch:
    """Listens to what is sent to a database; refuses what is not confined to a tenant, and pages that skip rows."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self.seen: set[str] = set()

    def __call__(self, connection: Any, cursor: Any, sent: str, parameters: Any, context: Any, many: Any) -> None:
        """The form of SQLAlchemy's `before_cursor_execute`."""
        if sent in self._known or context is None or context.compiled is None or not _asked_by_a_tenant():
            return
        statement = getattr(context.compiled.compile_state, "statement", None)
        statement = context.compiled.statement if statement is None else statement
        if isinstance(statement, Select) and statement._offset_clause is not None:
            raise Skipping(sent)
        if isinstance(statement, Select | Update | Delete):
            missing = unconfined(statement)
            if missing:
                raise Unconfined(f"rows of every tenant's {', '.join(sorted(missing))}: {sent}")
            verb = sent.split(None, 1)[0]
            self.seen |= {f"{verb} {name}" for name in OWNED if name in sent}
        self._known.add(sent)


def unconfined(statement: Any, outer: frozenset[str] = frozenset(), tied: frozenset[str] = frozenset()) -> set[str]:
    """Names of the tenants' tables of which a statement may read more than one tenant's rows.

    Args:
        statement: a SELECT, UPDATE or DELETE.
        outer: what the enclosing statement reads from; a subquery is correlated with it.
        tied: what of it is confined.
    """
    froms: dict[str, str] = {}
    equations = list(_equations(statement.whereclause, None))
    for each in statement.get_final_froms() if isinstance(statement, Select) else [statement.table]:
        _read_from(each, froms, equations)
    own = {key: name for key, name in froms.items() if key not in outer}
    found = _close(equations, tied)
    missing = {name for key, name in own.items() if name in OWNED and key not in found}
    for nested in _nested(statement):
        missing |= unconfined(nested, outer | froms.keys(), found)
    return missing


def _asked_by_a_tenant() -> bool:
    """Whether a module of the registry sends it now, and none of the queries that look across tenants."""
    frame, ours = sys._getframe(2), False
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(REGISTRY):
            ours = True
            file = Path(code.co_filename).name
            if {(file, None), (file, code.co_name)} & ACROSS:
                return False
        frame = frame.f_back
    return ours


def _read_from(element: Any, froms: dict[str, str], equations: Equations) -> None:
    if not isinstance(element, Join):
        froms[str(element.name)] = str(getattr(getattr(element, "element", element), "name", element.name))
        return
    right: dict[str, str] = {}
    _read_from(element.left, froms, equations)
    _read_from(element.right, right, equations)
    froms.update(right)
    if not element.full:
        equations += _equations(element.onclause, frozenset(right) if element.isouter else None)


def _equations(clause: Any, may: frozenset[str] | None) -> Iterator[tuple[str, Any, frozenset[str] | None]]:
    if isinstance(clause, Grouping):
        yield from _equations(clause.element, may)
    elif isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for each in clause.clauses:
            yield from _equations(each, may)
    elif isinstance(clause, BinaryExpression) and clause.operator is operators.eq:
        for one, other in ((clause.left, clause.right), (clause.right, clause.left)):
            if _is_tenant(one):
                yield str(one.table.name), other, may


def _close(equations: Equations, tied: frozenset[str]) -> frozenset[str]:
    """Everything whose tenant_id equals a parameter, or that of something whose does."""
    found, size = set(tied), -1
    while size < len(found):
        size = len(found)
        for table, value, may in equations:
            fixed = isinstance(value, BindParameter) or (_is_tenant(value) and str(value.table.name) in found)
            if fixed and (may is None or table in may):
                found.add(table)
    return frozenset(found)


def _nested(clause: Any) -> Iterator[Any]:
    """The outermost selects within a statement."""
    for child in clause.get_children():
        if isinstance(child, Select):
            yield child
        else:
            yield from _nested(child)


def _is_tenant(element: Any) -> bool:
    return getattr(element, "name", None) == "tenant_id" and getattr(element, "table", None) is not None

"""What commands print: JSON for programs, tables for people; nothing else ever goes to standard output."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
_WIDE = 200  # a pipe has no width; let no id be cut there


def show_json(value: BaseModel | dict[str, Any]) -> None:
    """Print one JSON document."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def show_fields(value: BaseModel | dict[str, Any], *, as_json: bool) -> None:
    """Print one thing: JSON, or a name and a value a line."""
    if as_json:
        show_json(value)
        return
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    width = max(map(len, plain))
    for name, item in plain.items():
        typer.echo(f"{name:<{width}}  {_cell(item)}")


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None, more: str | None = None
) -> None:
    """Print a table, and how to see the rest when there is more."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(_cell, row))
    console = Console()
    Console(width=console.width if console.is_terminal else _WIDE).print(table)
    if more is not None:
        typer.echo(f"There is more: --after {more}")


def _cell(value: Any) -> str:
    """One value for people: `-` for nothing, four significant digits for a number."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value)) or "-"
    return str(value)

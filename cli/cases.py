"""`verdict cases ...`: check files of cases, and write the page of features.

Takes: a JSONL file, or a page to write. Gives: every bad row and field on standard output, a count on standard error.
Does not: mend a file, or print what a bad field held.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Cases: check files of them, and list their features.")


@app.callback()
def cases() -> None:
    """Cases: check files of them, and list their features."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Cases, one JSON object a line.", exists=True, dir_okay=False)],
    markets_dir: Annotated[Path, typer.Option(help="The markets' files.", file_okay=False)] = Path(
        "config/markets"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a bad field.")] = False,
) -> None:
    """List every bad row and field of FILE, labels included; exit 1 if there is any.

    Example: verdict cases check orders.jsonl --json
    """
    from cases.case_file import read_cases
    from cases.errors import ConfigError
    from cases.market import load_markets

    try:
        markets = load_markets(markets_dir)
    except ConfigError as error:
        typer.echo(f"verdict cases check: {error}", err=True)
        raise typer.Exit(2) from None
    rows = bad_rows = 0
    for row in read_cases(file, markets):
        rows += 1
        bad_rows += row.case is None
        for problem in row.problems:
            if as_json:
                line = {"line": row.line_number, "pointer": problem.pointer, "message": problem.message}
                typer.echo(json.dumps(line, ensure_ascii=False))
            else:
                where = _one_line(problem.pointer) or "(row)"
                typer.echo(f"{file}:{row.line_number}: {where}: {problem.message}")
    typer.echo(f"{rows} cases read, {bad_rows} bad", err=True)
    if bad_rows:
        raise typer.Exit(1)


def _one_line(pointer: str) -> str:
    """A pointer names fields as the file spells them: line ends and a terminal's control codes are written out."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in pointer)


@app.command()
def features(
    write: Annotated[Path | None, typer.Option(help="Write the page here, not on standard output.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a feature.")] = False,
) -> None:
    """List the 68 features with their units, as a Markdown page.

    Example: verdict cases features --write docs/features.md
    """
    from cases.features import FEATURES, features_table

    if write is not None:
        write.write_text(features_table(), encoding="utf-8")
        typer.echo(f"wrote {write}", err=True)
    elif as_json:
        for spec in FEATURES:
            line = {
                "name": spec.name,
                "unit": spec.unit,
                "family": spec.family,
                "description": spec.description,
            }
            typer.echo(json.dumps(line))
    else:
        typer.echo(features_table(), nl=False)

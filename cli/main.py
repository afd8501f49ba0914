"""The command `verdict`, its commands grouped by task.

Takes: the command line. Gives: one typer app. Does not: import anything heavy: each command does that when it runs.
"""

from importlib import import_module
from typing import Final

import typer

PANELS: Final[dict[str, tuple[str, ...]]] = {
    "Decide": ("demo", "serve", "classify"),
    "Cases": ("cases", "simulate"),
    "Models": ("finetune", "rules", "eval"),
}


def build() -> typer.Typer:
    """The app with every command group; each lives in the module of its name beside this one."""
    app = typer.Typer(
        name="verdict",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,  # locals are cases
        help="Did the seller induce the buyer to cancel? The verdict first, then why.",
    )
    for panel, names in PANELS.items():
        for name in names:
            _register(app, name, panel)
    return app


def _register(app: typer.Typer, name: str, panel: str) -> None:
    module = import_module(f"cli.{name}")
    group = getattr(module, "app", None)
    if isinstance(group, typer.Typer):
        app.add_typer(group, name=name, rich_help_panel=panel)
    else:
        app.command(name, rich_help_panel=panel)(getattr(module, name))


def main() -> None:
    """Entry point of the installed command."""
    build()()


if __name__ == "__main__":
    main()

"""What every command of `verdict` owes its user: an example, and one clear line when something is wrong.

Takes: command lines. Gives: failures that name the command. Does not start a service or train.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cases.verdict import Verdict
from cli.eval import _without_nan
from cli.main import build
from eval.scores import score


def _commands(name: str, command: Any) -> Iterator[tuple[str, str]]:
    """Every command without sub-commands: its words, and its help."""
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command.help or ""
        return
    for child_name, child in children.items():
        yield from _commands(f"{name} {child_name}", child)


def test_every_help_shows_an_example() -> None:
    """The help of each command holds a line to copy, and that line calls this very command."""
    found = dict(_commands("verdict", get_command(build())))
    assert len(found) > 10
    assert [name for name, text in found.items() if f"Example: {name} " not in text] == []


def test_brackets_of_a_message_reach_the_terminal(tmp_path: Path) -> None:
    """A message that names a TOML table is printed as it stands, in one line."""
    recipe = tmp_path / "bad.toml"
    recipe.write_text('name = "bad"\nmodel = "bad"\nseed = 1\n[base]\nkind = "pretrain"\n', encoding="utf-8")
    found = CliRunner().invoke(build(), ["finetune", "train", "--recipe", str(recipe)])
    assert (found.exit_code, found.stdout) == (1, "")
    assert "[base.architecture] belongs to kind = 'pretrain'" in found.stderr
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [["rules", "measure"], ["simulate", "split", "--out", "never"]])
def test_an_unknown_market_is_one_line(command: list[str], root: Path) -> None:
    """Exit 1 saying which markets there are, no traceback, nothing on standard output."""
    markets = ["--markets", "XX", "--markets-dir", str(root / "config" / "markets")]
    rules = ["--config", str(root / "config" / "rules_v1.toml")] if command[0] == "rules" else []
    found = CliRunner().invoke(build(), [*command, *markets, *rules])
    assert (found.exit_code, found.stdout) == (1, "")
    assert "not a configured market" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_a_figure_of_nothing_is_null_in_json() -> None:
    """Where nothing was called induced its precision is null: NaN is no JSON."""
    verdicts = (Verdict.NOT_INDUCED,) * 4
    figures = asdict(score(verdicts, verdicts))
    assert math.isnan(figures["precision_induced"]["value"])
    written = json.loads(json.dumps(_without_nan(figures), allow_nan=False))
    assert written["precision_induced"] == {"value": None, "low": 0.0, "high": 1.0}
    assert written["accuracy"]["value"] == 1.0

"""`verdict simulate` at the terminal: data on standard output, the rest on standard error, faults with their name.

Takes: command lines. Gives: failures that show what was printed.
"""

import json
from pathlib import Path

from typer.testing import CliRunner

from cli.main import build


def config(root: Path) -> list[str]:
    """Where the markets are configured."""
    return ["--markets-dir", str(root / "config/markets")]


def test_a_data_set_is_written_and_described(tmp_path: Path, root: Path) -> None:
    """With --json standard output is one line, the manifest."""
    found = CliRunner().invoke(
        build(),
        ["simulate", "--markets", "SG", "--cases", "20", "--out", str(tmp_path), "--json", *config(root)],
    )
    assert found.exit_code == 0, found.output
    manifest = json.loads(found.stdout)
    assert manifest["cases"] == 20
    assert {file["name"] for file in manifest["files"]} <= {p.name for p in tmp_path.iterdir()}


def test_an_unknown_market_ends_with_its_name(tmp_path: Path, root: Path) -> None:
    """Exit 1, nothing on standard output, nothing written."""
    found = CliRunner().invoke(
        build(),
        [
            "simulate",
            "--markets",
            "XX",
            "--out",
            str(tmp_path / "x"),
            "--markets-dir",
            str(root / "config/markets"),
        ],
    )
    assert (found.exit_code, found.stdout) == (1, "")
    assert "not a configured market" in found.stderr
    assert not (tmp_path / "x").exists()

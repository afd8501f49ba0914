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
        [
            "simulate",
            "split",
            "--markets",
            "SG",
            "--cases",
            "20",
            "--out",
            str(tmp_path),
            "--json",
            *config(root),
        ],
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
            "split",
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


def test_unlabelled_cases_are_written_in_shards(tmp_path: Path, root: Path) -> None:
    """Their rate goes to standard error, a line of counts to standard output."""
    out = tmp_path / "chats"
    found = CliRunner().invoke(
        build(),
        [
            "simulate",
            "chats",
            "--markets",
            "SG",
            "--cases",
            "8",
            "--out",
            str(out),
            "--processes",
            "1",
            *config(root),
        ],
    )
    assert found.exit_code == 0, found.output
    assert found.stdout == "8 cases in 1 shards\n"
    assert "8 cases made in" in found.stderr


def test_a_small_benchmark_tells_its_noise(tmp_path: Path, root: Path) -> None:
    """One line a split: cases, and how many first labels are wrong."""
    sizes = ["--train", "6", "--validation", "2", "--calibration", "4", "--test", "4", "--processes", "1"]
    found = CliRunner().invoke(
        build(),
        ["simulate", "benchmark", "--markets", "SG", "--out", str(tmp_path / "b"), *sizes, *config(root)],
    )
    assert found.exit_code == 0, found.output
    assert [line.split()[0] for line in found.stdout.splitlines()] == [
        "train",
        "validation",
        "calibration",
        "test",
        "gold",
    ]

"""Files of cases: every bad row named, from Python and from the command line.

Takes: small files written here, and the golden file. Gives: failures that name the row. Does not start anything.
"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cases.case_file import read_cases
from cases.market import Markets
from cli.cases import app
from tests.fixtures.case_records import full_case, label, small_case


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A file with good rows, a blank line and every kind of bad one."""
    lines = [
        json.dumps(full_case()).encode(),
        b"",
        b'{"case_id": ',
        json.dumps({**small_case(), "market": "XX", "colour": 1}).encode(),
        b'{"case_id": "\xff"}',
        b"[" * 100_000,
        b'{"case_id": ' + b"9" * 5000 + b"}",
        json.dumps({**small_case(), "label": label()}).encode(),
        b'{"case_id": "a", "market": "SG", "order": {"order_id": "o", "value": NaN}}',
    ]
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


def test_a_bad_row_does_not_stop_the_reading(mixed: Path, markets: Markets) -> None:
    """Good rows come out as cases, bad ones with their problems, each with its line number."""
    rows = list(read_cases(mixed, markets))
    assert [row.line_number for row in rows if row.case is not None] == [1, 8]
    pointers = {row.line_number: {p.pointer for p in row.problems} for row in rows if row.case is None}
    assert pointers == {
        3: {""},
        4: {"/market", "/colour"},
        5: {""},
        6: {""},
        7: {""},
        9: {"/order/placed_at", "/order/cancelled_at", "/order/value"},
    }


def test_a_byte_order_mark_is_no_fault(tmp_path: Path, markets: Markets) -> None:
    """Files that an office program saved begin with a mark; the first row is read all the same."""
    path = tmp_path / "marked.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(small_case()).encode() + b"\r\n")
    assert [row.problems for row in read_cases(path, markets)] == [()]


def test_every_golden_row_is_a_valid_labelled_case(root: Path, markets: Markets) -> None:
    """The project's own evaluation set keeps to the schema, label included."""
    rows = list(read_cases(root / "eval" / "golden" / "dev.jsonl", markets))
    assert len(rows) == 126
    assert [row.line_number for row in rows if row.case is None or row.case.label is None] == []


def test_check_lists_every_bad_field_and_fails(mixed: Path, root: Path) -> None:
    """`verdict cases check` prints a line a bad field on standard output, a count on standard error, and exits 1."""
    result = CliRunner().invoke(app, ["check", str(mixed), "--markets-dir", str(root / "config" / "markets")])
    assert result.exit_code == 1
    assert f"{mixed}:4: /colour: unknown field; remove it, or mend its name" in result.stdout.splitlines()
    assert len(result.stdout.splitlines()) == 9
    assert result.stderr == "8 cases read, 6 bad\n"


def test_check_writes_json_lines_for_programs(mixed: Path, root: Path) -> None:
    """With --json every line of standard output is an object with line, pointer and message."""
    arguments = ["check", str(mixed), "--json", "--markets-dir", str(root / "config" / "markets")]
    lines = [json.loads(line) for line in CliRunner().invoke(app, arguments).stdout.splitlines()]
    assert {frozenset(line) for line in lines} == {frozenset({"line", "pointer", "message"})}
    assert {line["line"] for line in lines} == {3, 4, 5, 6, 7, 9}


def test_check_of_a_good_file_is_silent_and_exits_0(root: Path) -> None:
    """The golden file has nothing to list."""
    markets_dir = str(root / "config" / "markets")
    golden = str(root / "eval" / "golden" / "dev.jsonl")
    result = CliRunner().invoke(app, ["check", golden, "--markets-dir", markets_dir])
    assert (result.exit_code, result.stdout) == (0, "")


def test_check_without_markets_says_what_is_missing(mixed: Path, tmp_path: Path) -> None:
    """A folder without markets is the operator's fault, told in one line with exit status 2."""
    result = CliRunner().invoke(app, ["check", str(mixed), "--markets-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert "no market is configured" in result.stderr


def test_features_are_listed_as_a_page_and_as_json(tmp_path: Path, root: Path) -> None:
    """The page goes to a file or to standard output; --json gives one object a feature."""
    page = tmp_path / "features.md"
    assert CliRunner().invoke(app, ["features", "--write", str(page)]).exit_code == 0
    assert page.read_text(encoding="utf-8") == CliRunner().invoke(app, ["features"]).stdout
    lines = CliRunner().invoke(app, ["features", "--json"]).stdout.splitlines()
    assert len(lines) == 68
    assert set(json.loads(lines[0])) == {"name", "unit", "family", "description"}


@pytest.mark.parametrize(
    "twice", [b'"chat": [], "chat": null', b'"buyer": {"buyer_id": "a", "buyer_id": "b"}']
)
def test_a_field_that_stands_twice_is_refused(tmp_path: Path, markets: Markets, twice: bytes) -> None:
    """Of two values of one name JSON readers keep the last: evidence would go missing without a word."""
    path = tmp_path / "twice.jsonl"
    path.write_bytes(json.dumps(small_case()).encode().removesuffix(b"}") + b", " + twice + b"}")
    (row,) = read_cases(path, markets)
    assert [(p.pointer, p.message) for p in row.problems] == [
        ("", "a field stands twice in one object; keep one of the two")
    ]


def test_check_writes_a_name_with_control_codes_on_one_line(tmp_path: Path, root: Path) -> None:
    """A field's name cannot start a line of its own or speak to the terminal."""
    path = tmp_path / "odd.jsonl"
    path.write_text(json.dumps({**small_case(), "a\nb\x1b[2J": 1}))
    result = CliRunner().invoke(app, ["check", str(path), "--markets-dir", str(root / "config" / "markets")])
    assert result.stdout == f"{path}:1: /a\\nb\\x1b[2J: unknown field; remove it, or mend its name\n"

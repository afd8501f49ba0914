"""The input of a batch: what any line becomes, and when an answer counts for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.client import Options
from client.errors import BatchFileError
from client.rows import InputRow, count_rows, read_rows

CASE: dict[str, Any] = {"case_id": "a-1", "market": "SG", "order": {"order_id": "o"}}
OPTIONS: Options = {"until": "verdict"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _rows(path: Path, *lines: bytes, options: Options = OPTIONS) -> list[InputRow]:
    path.write_bytes(b"\n".join(lines))
    return list(read_rows(path, options))


def _line(case: object) -> bytes:
    return json.dumps(case).encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of cases."""
    return tmp_path / "cases.jsonl"


def test_a_label_is_taken_off(path: Path) -> None:
    """A label is neither sent nor part of what an answer is known by."""
    with_label, without = _rows(path, _line({**CASE, "label": {"verdict": "induced"}}), _line(CASE))
    assert with_label.case == without.case == CASE
    assert with_label.input_sha256 == without.input_sha256


def test_the_hash_is_of_the_content(path: Path) -> None:
    """Spaces, the order of keys and escapes do not change it; a field or an option does."""
    spelled = b'{"market":"SG",  "order": {"order_id": "\\u006f"}, "case_id": "a-1"}'
    same, changed = _rows(path, spelled, _line({**CASE, "market": "BR"}))
    (original,) = _rows(path, _line(CASE))
    (asked_otherwise,) = _rows(path, _line(CASE), options={"until": "factors"})
    assert same.input_sha256 == original.input_sha256
    assert len({original.input_sha256, changed.input_sha256, asked_otherwise.input_sha256}) == 3


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b'{"case_id": "half',
        b"[1, 2]",
        b'"text"',
        b"null",
        b'{"case_id": "a", "value": NaN}',
        b'{"case_id": "a", "chat": [{"text": "cancel please"}], "chat": []}',
        b'{"case_id": "a", "value": 1e999}',
        b'{"case_id": "a", "text": "\\ud800"}',
        b'{"case_id": "\xff\xfe"}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_a_line_that_is_no_case_says_why(path: Path, line: bytes) -> None:
    """Whatever cannot be sent as JSON is a row with a fault, and the lines around it are read."""
    before, bad, after = _rows(path, _line(CASE), line, _line(CASE))
    assert bad.case is None
    assert bad.fault
    assert (bad.line_number, bad.case_id) == (2, "line-2")
    assert before.case == after.case == CASE


def test_the_same_bad_line_twice_is_two_rows(path: Path) -> None:
    """Rows without an id are named by their line, so each gets an answer of its own."""
    rows = _rows(path, b"nonsense", b"nonsense", _line({"market": "SG"}), _line({"market": "SG"}))
    assert [row.case_id for row in rows] == ["line-1", "line-2", "line-3", "line-4"]
    assert len({row.input_sha256 for row in rows}) == 4


def test_an_id_that_is_no_text_is_not_used(path: Path) -> None:
    """A number or an empty text as `case_id` is left to the service to refuse; the row is named by its line."""
    assert [row.case_id for row in _rows(path, _line({"case_id": 7}), _line({"case_id": ""}))] == [
        "line-1",
        "line-2",
    ]


def test_empty_lines_and_windows_files_are_read(path: Path) -> None:
    """Blank lines are passed over and counted as lines; a byte order mark and CR LF do no harm."""
    first, second = _rows(path, b"\xef\xbb\xbf" + _line(CASE) + b"\r", b"\r", b"   ", _line(CASE) + b"\r")
    assert (first.line_number, second.line_number) == (1, 4)
    assert first.case == second.case == CASE
    assert count_rows(path) == 2


def test_only_a_line_feed_ends_a_line(path: Path) -> None:
    """Separators that other programs take for line ends stay inside a text."""
    text = "a\u2028b\u0085c\x0bd"
    (row,) = _rows(path, json.dumps({**CASE, "category": text}, ensure_ascii=False).encode())
    assert row.case is not None
    assert row.case["category"] == text


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder or a missing file is one clear error."""
    for read in (count_rows, lambda path: list(read_rows(path, OPTIONS))):
        with pytest.raises(BatchFileError, match="cannot be read"):
            read(tmp_path)
        with pytest.raises(BatchFileError, match=r"none\.jsonl"):
            read(tmp_path / "none.jsonl")


@given(content=JSON, extra=st.binary(max_size=40).filter(lambda line: b"\n" not in line and line.strip()))
def test_any_line_becomes_one_row(
    tmp_path_factory: pytest.TempPathFactory, content: Any, extra: bytes
) -> None:
    """Any JSON and any bytes give exactly one row each, either sendable or with a fault."""
    path = tmp_path_factory.mktemp("rows") / "cases.jsonl"
    rows = _rows(path, _line(content), extra)
    assert len(rows) == count_rows(path) == 2
    for row in rows:
        assert (row.case is None) == bool(row.fault)
        json.dumps(row.case, ensure_ascii=False, allow_nan=False).encode()

"""Read cases from a JSONL file, one object a line; a bad line is reported and does not stop the reading.

Takes: a path and the configured markets. Gives: one `CaseRow` a line that is not blank, in file order.
Does not: hold more than one line in memory, or repeat a bad value.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases.case import LabelledCase, parse_case
from cases.errors import CaseError, FieldProblem
from cases.market import Markets


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line, counted from 1: its case, or what is wrong with it (pointers are relative to the line's object)."""

    line_number: int
    case: LabelledCase | None
    problems: tuple[FieldProblem, ...] = ()


def read_cases(path: Path, markets: Markets) -> Iterator[CaseRow]:
    """Read `path` lazily; labels are accepted. Raises OSError when the file cannot be opened."""
    with path.open("rb") as lines:
        for line_number, line in enumerate(lines, start=1):
            if line.strip():
                yield _row(line_number, line, markets)


def named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object for `json.loads(object_pairs_hook=...)`; raises CaseError when a name stands twice.

    Python would keep the last of the two values and drop the other, which may be evidence, without a word.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise CaseError([FieldProblem("", "a field stands twice in one object; keep one of the two")])
    return found


def _row(line_number: int, line: bytes, markets: Markets) -> CaseRow:
    try:
        return CaseRow(line_number, parse_case(_decoded(line), markets=markets, allow_label=True))
    except CaseError as error:
        return CaseRow(line_number, None, error.problems)


def _decoded(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8-sig"), object_pairs_hook=named_once)
    except UnicodeDecodeError as error:
        message = f"not UTF-8 from byte {error.start} on; save the file as UTF-8"
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at column {error.colno}; write one whole object a line"
    except (ValueError, RecursionError):  # an integer of thousands of digits, or thousands of nested brackets
        message = "not readable JSON: a number too long, or brackets nested too deep"
    raise CaseError([FieldProblem("", message)])

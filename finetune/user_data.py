"""A user's own labelled cases, from JSONL or Parquet, in place of the simulator.

Takes: a file in the contract's case format. Gives: labelled cases, split for training and calibration.
Does not: mend bad rows, or train on a part of a file: all bad rows are named, and nothing is read until they are gone.

Parquet holds one case a row, in columns named as the case's fields; a nested field may also be a JSON string.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cases.case import LabelledCase, parse_case
from cases.case_file import CaseRow, read_cases
from cases.errors import CaseError, ConfigError, FieldProblem
from cases.market import Markets

CALIBRATION_SHARE: Final = 0.1
_SHOWN_PROBLEMS: Final = 5
_NESTED: Final = frozenset(
    {"order", "fulfillment", "chat", "calls", "concurrent_orders", "seller", "buyer", "label"}
)


def read_labelled(path: Path, markets: Markets) -> list[LabelledCase]:
    """All cases of `path` (`.jsonl` or `.parquet`); every one must have a label.

    Raises ConfigError naming the bad rows: to leave them out unsaid would bias the model.
    """
    rows = list(_rows(path, markets))
    problems = [
        f"row {row.line_number} {problem.pointer or '(row)'}: {problem.message}"
        for row in rows
        for problem in row.problems
    ]
    problems += [
        f"row {row.line_number} /label: missing"
        for row in rows
        if row.case is not None and row.case.label is None
    ]
    if problems:
        shown = "; ".join(problems[:_SHOWN_PROBLEMS])
        raise ConfigError(f"{path}: {len(problems)} problems, among them: {shown}")
    if not rows:
        raise ConfigError(f"{path}: holds no case")
    return [row.case for row in rows if row.case is not None]


def is_for_calibration(case: LabelledCase) -> bool:
    """Whether a user's case is kept back for calibration: a tenth, all cases of one seller on the same side."""
    seller = case.seller.seller_id if case.seller is not None else None
    digest = hashlib.sha256(f"calibration\0{seller or case.case_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") < CALIBRATION_SHARE * 2**32


def _rows(path: Path, markets: Markets) -> Iterator[CaseRow]:
    try:
        if path.suffix == ".jsonl":
            yield from read_cases(path, markets)
        elif path.suffix == ".parquet":
            yield from _parquet_rows(path, markets)
        else:
            raise ConfigError(f"{path}: use a .jsonl or a .parquet file")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _parquet_rows(path: Path, markets: Markets) -> Iterator[CaseRow]:
    try:
        table = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{path}: not a Parquet file: {error}") from error
    number = 0
    for group in table.iter_batches():
        for row in group.to_pylist():
            number += 1
            yield _parquet_row(number, row, markets)


def _parquet_row(number: int, row: dict[str, Any], markets: Markets) -> CaseRow:
    try:
        # A column that a case does not fill is null; in the contract that is the same as a missing field.
        fields = {name: _decoded(name, value) for name, value in row.items() if value is not None}
        return CaseRow(number, parse_case(fields, markets=markets, allow_label=True))
    except CaseError as error:
        return CaseRow(number, None, error.problems)


def _decoded(name: str, value: Any) -> Any:
    if name not in _NESTED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise CaseError([FieldProblem(f"/{name}", f"a string that is not JSON: {error.msg}")]) from error

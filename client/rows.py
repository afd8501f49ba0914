"""The input of a batch: one case a line, whatever a line holds.

Takes: a JSONL file and the options that every case is asked with. Gives: rows with the hash that an answer is known by.
Does not: check cases (the service does), hold more than one line.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cases.case_file import named_once
from cases.errors import CaseError
from client.client import Options
from client.errors import BatchFileError

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class InputRow:
    """One line of the input: its case as JSON, without its label; or why there is none, in `fault`.

    `input_sha256` covers what is asked: case and options, never a label. A row without an id of its own is named by
    its line number, which its hash then covers too.
    """

    line_number: int
    case_id: str
    input_sha256: str
    case: dict[str, Any] | None
    fault: str = ""


def read_rows(path: Path, options: Options) -> Iterator[InputRow]:
    """The non-empty lines of a JSONL file (UTF-8), read as they are asked for. Raises BatchFileError."""
    asked_with = json.dumps(options, sort_keys=True)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _row(number, line.removeprefix(_BYTE_ORDER_MARK), asked_with)
    except OSError as error:
        raise BatchFileError(f"{path}: cannot be read: {error.strerror}") from error


def count_rows(path: Path) -> int:
    """How many rows `read_rows` will give. Raises BatchFileError."""
    try:
        with path.open("rb") as lines:
            return sum(1 for line in lines if line.strip())
    except OSError as error:
        raise BatchFileError(f"{path}: cannot be read: {error.strerror}") from error


def _row(number: int, line: bytes, asked_with: str) -> InputRow:
    name = f"line-{number}"
    try:
        case = json.loads(line, object_pairs_hook=named_once)
        # Python reads more than JSON allows: NaN, numbers beyond all bounds, halves of characters.
        content = json.dumps(case, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        return InputRow(number, name, _sha256(name.encode(), line), None, f"not JSON: {error}")
    except CaseError as error:
        return InputRow(
            number, name, _sha256(name.encode(), line), None, f"not clear: {error.problems[0].message}"
        )
    if not isinstance(case, dict):
        return InputRow(number, name, _sha256(name.encode(), line), None, "not a JSON object")
    if "label" in case:
        del case["label"]  # HTTP refuses labels, and a verdict must not see one
        content = json.dumps(case, sort_keys=True, ensure_ascii=False).encode()
    own_id = case.get("case_id")
    case_id = own_id if isinstance(own_id, str) and own_id else name
    return InputRow(number, case_id, _sha256(case_id.encode(), asked_with.encode(), content), case)


def _sha256(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()

"""What holds for every JSON value that is offered as a case.

Takes: Hypothesis. Gives: failures with the smallest value that breaks the rule. Does not start anything.
"""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cases.case import parse_case
from cases.errors import CaseError
from cases.market import Markets
from tests.fixtures.case_records import CASES, JSON_VALUES, full_case


def _paths(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every node under `node`."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(p for key, value in inner for p in _paths(value, (*path, key)))]


def _replaced(node: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy of `node` with `value` at `path`."""
    if not path:
        return value
    copy: Any = node.copy()
    copy[path[0]] = _replaced(copy[path[0]], path[1:], value)
    return copy


def _resolve(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer; raises LookupError when there is none."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


@given(value=JSON_VALUES, allow_label=st.booleans())
def test_any_json_value_is_refused_with_a_case_error_only(
    value: Any, allow_label: bool, markets: Markets
) -> None:
    """No JSON value makes the reader fail in any way but a CaseError that names at least one field."""
    with pytest.raises(CaseError) as caught:
        parse_case(value, markets=markets, allow_label=allow_label)
    assert caught.value.problems


@given(data=st.data(), value=JSON_VALUES)
def test_a_spoilt_field_is_refused_or_harmless(data: st.DataObject, value: Any, markets: Markets) -> None:
    """A case with any one node replaced by any JSON value either parses or raises CaseError, nothing else."""
    case = full_case()
    path = data.draw(st.sampled_from(_paths(case)))
    with suppress(CaseError):
        parse_case(_replaced(case, path, value), markets=markets)


@given(data=st.data(), name=st.text(min_size=1, max_size=8), value=JSON_VALUES)
def test_an_unknown_field_is_named_wherever_it_is(
    data: st.DataObject, name: str, value: Any, markets: Markets
) -> None:
    """A field that the schema does not know is refused, and its pointer leads to it in the document."""
    case = full_case()
    objects = [path for path in _paths(case) if isinstance(_value_at(case, path), dict)]
    path = data.draw(st.sampled_from(objects))
    holder = _value_at(case, path)
    assume(name not in holder)
    document = _replaced(case, path, {**holder, "~/" + name: value})
    with pytest.raises(CaseError) as caught:
        parse_case(document, markets=markets)
    pointers = [p.pointer for p in caught.value.problems]
    assert len(pointers) == 1
    _resolve(document, pointers[0])  # raises if the pointer leads nowhere


def _value_at(node: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        node = node[step]
    return node


@given(case=CASES)
def test_a_valid_case_survives_writing_and_reading(case: Any, markets: Markets) -> None:
    """A case that parses, written as JSON and read again, is the same case."""
    parsed = parse_case(case, markets=markets)
    assert parse_case(json.loads(parsed.model_dump_json()), markets=markets) == parsed

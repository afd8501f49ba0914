"""Turn pydantic's complaints into the house's: a JSON pointer and what to do.

Takes: a `ValidationError`, or a document with lists that have limits. Gives: `FieldProblem`s, one a bad field.
Does not: repeat the bad value, which may be personal.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from cases.errors import FieldProblem

_MESSAGES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "required; add it",
    "model_type": lambda _: "must be a JSON object",
    "model_attributes_type": lambda _: "must be a JSON object",
    "tuple_type": lambda _: "must be a JSON array; null or nothing at all means unknown",
    "string_type": lambda _: "must be a string",
    "string_unicode": lambda _: "holds half a surrogate pair; send valid Unicode",
    "string_too_long": lambda c: f"longer than {c['max_length']:,} characters; shorten it",
    "string_too_short": lambda c: f"shorter than {c['min_length']} characters; write more, or null",
    "string_pattern_mismatch": lambda c: f"must match {c['pattern']}",
    "too_long": lambda c: f"more than {c['max_length']} entries; send fewer",
    "enum": lambda c: f"must be one of {c['expected'].replace(chr(39), '')}",
    "int_type": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "bool_type": lambda _: "must be true or false",
    "finite_number": lambda _: "must be a finite number; null means unknown",
    "greater_than_equal": lambda c: f"must be {c['ge']:g} or more; null means unknown",
    "less_than_equal": lambda c: f"must be {c['le']:g} or less; null means unknown",
}


def problems_of(error: ValidationError) -> tuple[FieldProblem, ...]:
    """Every bad field of `error`, in the order of the document's schema, each pointer once a message."""
    found = (
        FieldProblem(json_pointer(fault["loc"]), _message(fault["type"], fault["loc"], fault))
        for fault in error.errors(include_url=False, include_input=False)
    )
    return tuple(dict.fromkeys(found))


def within_limits(
    document: object, limits: Mapping[tuple[str, ...], int]
) -> tuple[object, tuple[FieldProblem, ...]]:
    """`document` with each list at these paths cut to its limit, and a problem for each that was longer.

    pydantic counts valid entries only: on its own it would name either the length or the bad entries, not both, and
    read a million bad ones to the end. What was cut off is not looked at.
    """
    problems: list[FieldProblem] = []
    for path, most in limits.items():
        if _listed_at(document, path) > most:
            problems.append(FieldProblem(json_pointer(path), _MESSAGES["too_long"]({"max_length": most})))
            document = _cut(document, path, most)
    return document, tuple(problems)


def _listed_at(document: Any, path: tuple[str, ...]) -> int:
    """How long the list at `path` is; 0 when there is none."""
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return len(document) if isinstance(document, list) else 0


def _cut(document: Any, path: tuple[str, ...], most: int) -> Any:
    """A copy, as deep as `path`, in which the list there is cut; the caller's document stays as it is."""
    if not path:
        return document[:most]
    return {**document, path[0]: _cut(document[path[0]], path[1:], most)}


def json_pointer(location: Iterable[str | int]) -> str:
    """The RFC 6901 pointer of a path of keys and indices; "" is the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


def _message(kind: str, location: tuple[int | str, ...], fault: Mapping[str, Any]) -> str:
    if kind == "extra_forbidden":
        if location == ("label",):
            return "a label is accepted in files only; remove it"
        return "unknown field; remove it, or mend its name"
    describe = _MESSAGES.get(kind)
    return describe(fault.get("ctx", {})) if describe else str(fault["msg"])

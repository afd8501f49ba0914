"""What a client asks for: a case and options, checked together.

Takes: the body of a POST. Gives: a frozen `DecisionRequest`, or one `CaseError` that points at every bad field of case
and options alike. Does not: read headers, or decide whether there is room.
"""

import json
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from cases.case import Case, parse_case
from cases.case_file import named_once
from cases.decision import Route, Until
from cases.errors import CaseError, FieldProblem
from cases.market import Markets
from cases.problems import problems_of
from serving.problems import not_json

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_DEADLINE_MS: Final = 600_000


class Options(BaseModel):
    """The contract's options. `few_shot` None: the market's default. `deadline_ms` null: no deadline."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    until: Annotated[Until, Field(strict=False)] = Until.REASONING
    route: Annotated[Route, Field(strict=False)] = Route.AUTO
    few_shot: Annotated[int, Field(ge=0, le=20)] | None = None
    reflect: bool = False
    deadline_ms: Annotated[int, Field(ge=1, le=MAX_DEADLINE_MS)] | None = None


class DecisionRequest(BaseModel):
    """A checked request."""

    model_config = ConfigDict(frozen=True)

    case: Case
    options: Options


def parse_request(body: bytes, *, markets: Markets, deadline_ms: int) -> DecisionRequest:
    """Read a POST's body; `deadline_ms` is the default.

    Raises RefusedError (400) when it is not JSON, CaseError with every bad field, and with every option whose part is
    not built: an option is refused, never ignored.
    """
    try:
        sent = from_json(body, allow_inf_nan=False)
        # Read once more, because the strict reader drops the first of two values of a name without a word.
        json.loads(body, object_pairs_hook=named_once)
    except ValueError as error:
        raise not_json(str(error)) from error
    if not isinstance(sent, dict):
        raise CaseError([FieldProblem("", 'must be a JSON object: {"case": {...}, "options": {...}}')])
    problems = [_unknown(name) for name in sent if name not in {"case", "options"}]
    case, options = None, None
    try:
        case = _case(sent, markets)
    except CaseError as error:
        problems += [FieldProblem("/case" + p.pointer, p.message) for p in error.problems]
    try:
        options = _options(sent.get("options"), deadline_ms)
    except CaseError as error:
        problems += [FieldProblem("/options" + p.pointer, p.message) for p in error.problems]
    if case is None or options is None or problems:
        raise CaseError(problems)
    return DecisionRequest(case=case, options=options)


def _unknown(name: str) -> FieldProblem:
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return FieldProblem(pointer, "unknown field; remove it, or mend its name")


def _case(sent: dict[str, Any], markets: Markets) -> Case:
    if "case" not in sent:
        raise CaseError([FieldProblem("", "required; add it")])
    return parse_case(sent["case"], markets=markets)


def _options(sent: object, deadline_ms: int) -> Options:
    given = {} if sent is None else sent
    if isinstance(given, dict):
        given = {"deadline_ms": deadline_ms, **given}
    try:
        options = Options.model_validate(given)
    except ValidationError as error:
        raise CaseError(problems_of(error)) from error
    missing = list(_not_built(options))
    if missing:
        raise CaseError(missing)
    return options


def _not_built(options: Options) -> list[FieldProblem]:
    faults = {
        "/few_shot": bool(options.few_shot) and "no index of exemplars is loaded; leave it out or send 0",
        "/reflect": options.reflect and "the second look is not built; leave it out or send false",
        "/route": options.route is Route.FUSION and "no fusion model is loaded; use auto, llm or rules",
    }
    return [FieldProblem(pointer, message) for pointer, message in faults.items() if isinstance(message, str)]

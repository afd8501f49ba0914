"""Errors as the caller sees them: problem documents (RFC 9457), one constructor for each row of the error list.

Takes: an error of the house's tree. Gives: a `Problem` (status, title, detail, JSON pointers, seconds to wait).
Does not: repeat a value from the request, which may be personal, or tell how the inside of the service looks.
"""

import math
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from cases.errors import (
    CaseError,
    NotBuiltError,
    NotFoundError,
    OverloadedError,
    ShuttingDownError,
    StoreError,
    VerdictError,
)

MEDIA_TYPE = "application/problem+json"
RESTART_WAIT_S = 5.0
_TYPE = "urn:verdict:problem:"


class PointedFault(BaseModel):
    """One bad field: a JSON pointer (RFC 6901) into the request, and what to do."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    detail: str


class Problem(BaseModel):
    """A problem document. `retry_after_s` becomes the header `Retry-After` as well."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[PointedFault, ...] | None = None
    retry_after_s: int | None = None
    decision_id: str | None = None


class RefusedError(VerdictError):
    """The caller must mend the request itself (not its fields); `problem` says how."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)

    def __str__(self) -> str:
        return self.problem.detail


def not_json(detail: str) -> RefusedError:
    """400: the body is not JSON."""
    return RefusedError(_problem("not-json", "The body is not JSON", HTTPStatus.BAD_REQUEST, detail))


def too_large(limit_bytes: int) -> RefusedError:
    """413: the body is over the limit."""
    detail = f"at most {limit_bytes:,} bytes; shorten the chat or the lists"
    return RefusedError(
        _problem("too-large", "The body is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    )


def problem_of(error: VerdictError) -> Problem:
    """The problem document of an error that a caller can meet; any other is a fault of ours."""
    found: Problem | None = None
    match error:
        case RefusedError():
            found = error.problem
        case CaseError():
            found = invalid(tuple(PointedFault(pointer=p.pointer, detail=p.message) for p in error.problems))
        case NotBuiltError():
            found = invalid((PointedFault(pointer=error.pointer, detail=error.message),))
        case NotFoundError():
            found = _problem("not-found", "Nothing is here", HTTPStatus.NOT_FOUND, str(error))
        case OverloadedError():
            busy = _problem(
                "overloaded", "Too much work is waiting", HTTPStatus.TOO_MANY_REQUESTS, str(error)
            )
            found = busy.model_copy(update={"retry_after_s": max(1, math.ceil(error.retry_after_s))})
        case ShuttingDownError():
            found = _unavailable("shutting-down", "The service is closing", "ask again in a moment")
        case StoreError():
            found = _unavailable("not-stored", "The decision log cannot be written", "ask again in a moment")
    return found or internal_problem()


def internal_problem() -> Problem:
    """500: a fault of ours; the log holds the details."""
    detail = "a fault of the service; its log names it"
    return _problem("internal", "The service failed", HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def http_problem(status: int, detail: str) -> Problem:
    """A problem for a status that the web framework itself raises (unknown path, wrong method)."""
    phrase = HTTPStatus(status).phrase
    return _problem(phrase.lower().replace(" ", "-"), phrase, status, detail)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The HTTP answer that carries `problem`."""
    sent = dict(headers or {})
    if problem.retry_after_s is not None:
        sent["Retry-After"] = str(problem.retry_after_s)
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=sent)


def invalid(faults: tuple[PointedFault, ...]) -> Problem:
    """422: well-formed JSON with bad fields, every one of them named."""
    count = len(faults)
    detail = f"{count} field{'s' if count != 1 else ''} to mend; `errors` points at each"
    problem = _problem("invalid", "The request has bad fields", HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    return problem.model_copy(update={"errors": faults})


def _unavailable(name: str, title: str, detail: str) -> Problem:
    problem = _problem(name, title, HTTPStatus.SERVICE_UNAVAILABLE, detail)
    return problem.model_copy(update={"retry_after_s": math.ceil(RESTART_WAIT_S)})


def _problem(name: str, title: str, status: int, detail: str) -> Problem:
    return Problem(type=_TYPE + name, title=title, status=int(status), detail=detail)

"""HTTP answers as typed values.

Takes: httpx responses and server-sent events. Gives: pydantic models, `ProblemError`, seconds to wait.
Does not: send anything, or wait.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
from httpx_sse import ServerSentEvent
from pydantic import BaseModel, ConfigDict, ValidationError

from cases.stream import EVENT_MODELS, ProblemEvent, StreamEvent
from client.errors import ProblemError, UnreadableAnswer

_Model = TypeVar("_Model", bound=BaseModel)
_QUOTED_CHARS = 200


class Readiness(BaseModel):
    """Whether a service is ready for cases, and a sentence why or why not."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ready: bool
    detail: str = ""


def read_json(model: type[_Model], body: bytes | str) -> _Model:
    """`body` as `model`; raises UnreadableAnswer naming every field that does not fit."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise UnreadableAnswer(f"not a {model.__name__}: {faults}") from error


def read_event(sse: ServerSentEvent) -> StreamEvent | None:
    """The typed event; None for a ping, or for a name that a newer service added."""
    model = EVENT_MODELS.get(sse.event)
    return None if model is None else read_json(model, sse.data)


def problem_in(response: httpx.Response) -> ProblemError:
    """The problem that a refusal carries; where a proxy in between answers in its own words, one made of these."""
    try:
        told = ProblemEvent.model_validate_json(response.content)
    except ValidationError:
        told = ProblemEvent(detail=response.text.strip()[:_QUOTED_CHARS])
    problem = told.model_copy(
        update={"title": told.title or response.reason_phrase, "status": response.status_code}
    )
    asked = retry_after_s(response.headers.get("retry-after", ""), datetime.now(UTC))
    return ProblemError(problem, problem.retry_after_s if asked is None else asked)


def retry_after_s(header: str, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for, given as such or as a date; None when it says nothing readable."""
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    # RFC 9110: a date in this header is in GMT, also when it does not say so.
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())

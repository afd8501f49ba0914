"""The client's reading of what a service, or a proxy before it, answers."""

import pickle
from datetime import UTC, datetime

import httpx
import pytest
from httpx_sse import ServerSentEvent

from cases.decision import Decision
from cases.stream import ProblemEvent, ReasoningEvent
from client.answers import problem_in, read_event, read_json, retry_after_s
from client.client import VerdictClient
from client.errors import ConnectionBroken, ProblemError, UnreadableAnswer

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Sat, 01 Mar 2025 12:01:30 GMT", 90.0),
        ("Sat, 01 Mar 2025 12:01:30 -0000", 90.0),
        ("Sat, 01 Mar 2025 11:59:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(header: str, seconds: float | None) -> None:
    """Seconds or a date are understood, a date gone by means now, anything else says nothing."""
    assert retry_after_s(header, NOW) == seconds


def test_a_problem_document_is_read_whole() -> None:
    """Status, words, pointers and the time to wait come from the document; the text names all of it."""
    told = ProblemEvent.model_validate(
        {
            "title": "The request has bad fields",
            "detail": "2 fields to mend",
            "errors": [{"pointer": "/case/x", "detail": "unknown"}, {"pointer": "", "detail": "required"}],
        }
    )
    error = problem_in(httpx.Response(422, content=told.model_dump_json()))
    assert error.problem == told.model_copy(update={"status": 422})
    assert error.retry_after_s is None
    words = "422 The request has bad fields: 2 fields to mend: /case/x: unknown; (document): required"
    assert str(error) == words


def test_the_header_goes_before_the_document() -> None:
    """A proxy may know better when to come back; without its header the document's figure counts."""
    body = ProblemEvent(retry_after_s=9).model_dump_json()
    assert problem_in(httpx.Response(503, content=body, headers={"Retry-After": "2"})).retry_after_s == 2.0
    assert problem_in(httpx.Response(503, content=body)).retry_after_s == 9


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"", b"\xff\xfe", b"[]", b'{"message": "no"}'])
def test_a_proxy_in_its_own_words_is_a_problem_too(body: bytes) -> None:
    """An answer that is no problem document still becomes one, with the status that was sent."""
    error = problem_in(httpx.Response(502, content=body))
    assert (error.problem.status, error.problem.title) == (502, "Bad Gateway")
    assert "502 Bad Gateway" in str(error)


def test_long_foreign_words_are_cut() -> None:
    """A whole error page does not become an error message."""
    assert len(problem_in(httpx.Response(500, content=b"x" * 10_000)).problem.detail) == 200


def test_an_error_survives_being_copied() -> None:
    """A problem keeps what it holds when it crosses a process border."""
    error = ProblemError(ProblemEvent(title="Busy", status=429), 3.0)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (again.problem, again.retry_after_s, str(again)) == (error.problem, 3.0, str(error))


def test_an_unreadable_answer_names_fields_not_values() -> None:
    """What does not fit is told by field; the value, which may be personal, is not repeated."""
    with pytest.raises(UnreadableAnswer, match="decision_id") as raised:
        read_json(Decision, '{"case_id": "secret-77", "score": "secret-78"}')
    assert "secret" not in str(raised.value)


def test_events_are_typed_and_foreign_ones_passed_over() -> None:
    """A known event becomes its type; a ping or a name of a newer service is nothing."""
    assert read_event(ServerSentEvent(event="reasoning", data='{"delta": "a\u2028b"}')) == ReasoningEvent(
        delta="a\u2028b"
    )
    assert read_event(ServerSentEvent(event="", data="")) is None
    assert read_event(ServerSentEvent(event="mood", data="{}")) is None
    with pytest.raises(UnreadableAnswer):
        read_event(ServerSentEvent(event="reasoning", data="{"))


async def test_a_garbled_body_is_a_broken_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer whose compression is broken is the client's own error, so a batch loses a row and not the run."""
    garbled = httpx.MockTransport(
        lambda _: httpx.Response(
            200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")
        )
    )
    async with VerdictClient() as client:
        monkeypatch.setattr(client, "_http", httpx.AsyncClient(transport=garbled, base_url="http://test"))
        with pytest.raises(ConnectionBroken, match="DecodingError"):
            await client.decide({})

"""What the demo prints for a stream, and what it never prints."""

import io
import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cases.case import ChatMessage, Label, LabelledCase, Order
from cases.factor import factors_for
from cases.neutral_text import neutral
from cases.stream import DecisionEvent, FactorsEvent, ProblemEvent, ReasoningEvent, VerdictEvent
from cases.verdict import Verdict
from cli.demo_picture import CasePicture, Shown, WordFlow, summary_line

AT = datetime(2025, 3, 1, tzinfo=UTC)
ESCAPE = "\x1b[2Jgone\x07 [red]plain[/red] <verdict>"


def _console(width: int = 60) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=width, highlight=False), written


def _case(*texts: str | None) -> LabelledCase:
    label = Label(
        verdict=Verdict.INDUCED,
        decision_factors=factors_for(Verdict.INDUCED)[:1],
        reasoning="The seller asked for it.",
        labelled_by="a",
        labelled_at=AT,
        policy_version="1",
    )
    kinds = ["image" if text is None else "text" for text in texts]
    chat = [
        ChatMessage(at=AT, sender="seller", text=text, kind=kind)
        for text, kind in zip(texts, kinds, strict=True)
    ]
    order = Order(order_id="o", placed_at=AT, cancelled_at=AT)
    return LabelledCase(case_id="c-1", market="SG", order=order, chat=tuple(chat), label=label)


def _verdict(verdict: Verdict = Verdict.INDUCED, score: float | None = 0.974) -> VerdictEvent:
    return VerdictEvent.model_validate(
        {
            "decision_id": "d-1",
            "case_id": "c-1",
            "verdict": verdict,
            "score": score,
            "probabilities": None,
            "action": "penalise",
            "route": "llm",
            "final": True,
            "elapsed_ms": 83.6,
        }
    )


def _decision(**changes: object) -> DecisionEvent:
    given = {
        "decision_id": "d-1",
        "status": "complete",
        "case_id": "c-1",
        "market": "SG",
        "route": "llm",
        "timings_ms": {"total": 1234.4},
        "tokens": {"generated": 57},
        "created_at": AT,
    }
    return DecisionEvent.model_validate(given | changes)


def test_the_whole_picture_of_a_case() -> None:
    """Headline, the end of the chat, verdict with score, time and label, factors, reasoning, the end."""
    console, written = _console()
    picture = CasePicture(console, _case("one", "two", None, "four", "five"))
    picture.headline(3, 10)
    picture.show(_verdict())
    picture.show(FactorsEvent(decision_factors=factors_for(Verdict.INDUCED)[:2]))
    for delta in ("The seller", " asked the buyer to ca", "ncel, and the order was", " 30 h late."):
        picture.show(ReasoningEvent(delta=delta))
    picture.show(_decision())
    lines = [line.rstrip() for line in written.getvalue().splitlines()]
    factors = " · ".join(factors_for(Verdict.INDUCED)[:2])
    assert lines[1].startswith("3/10  c-1  SG ──")
    assert lines[2:] == [
        "  ... and 1 before",
        "  seller two",
        "  seller (image)",
        "  seller four",
        "  seller five",
        "  induced      score 0.97  penalise      84 ms  ✓ as the human label",
        f"  {factors}",
        "  The seller asked the buyer to cancel, and the order was 30",
        "  h late.",
        "  complete · llm route · 1234 ms in all · 57 tokens",
    ]


def test_a_wrong_verdict_is_shown_as_such() -> None:
    """A verdict unlike the human label names that label; a rule without a measured precision has no score."""
    console, written = _console(80)
    picture = CasePicture(console, _case("one"))
    picture.show(_verdict(Verdict.NOT_INDUCED, score=None))
    picture.show(_decision(degraded=True, degraded_reason="deadline", route="rules", tokens={}))
    assert "score none" in written.getvalue()
    assert "✗ human label: induced" in written.getvalue()
    assert "degraded: deadline" in written.getvalue()
    assert picture.shown == Shown(
        ended_well=True, right=False, by_fallback=True, verdict_ms=83.6, total_ms=1234.4
    )


def test_a_failed_stream_is_no_good_end() -> None:
    """A problem in the middle of the reasoning begins a line of its own, and the case counts as failed."""
    console, written = _console()
    picture = CasePicture(console, _case("one"))
    picture.show(_verdict())
    picture.show(ReasoningEvent(delta="The seller as"))
    picture.show(ProblemEvent(title="The service is closing", detail="ask again [soon]", status=503))
    assert written.getvalue().splitlines()[1:] == [
        "  The seller as",
        "  The service is closing: ask again [soon]",
    ]
    assert (picture.shown.ended_well, picture.shown.right, picture.shown.total_ms) == (False, True, None)


def test_a_cancelled_decision_is_no_good_end() -> None:
    """Only complete and short-circuited decisions count."""
    picture = CasePicture(_console()[0], _case("one"))
    picture.show(_decision(status="cancelled"))
    assert not picture.shown.ended_well


@pytest.mark.parametrize("place", ["chat", "reasoning"])
def test_a_terminal_is_never_given_orders(place: str) -> None:
    """Escape sequences in a chat, or in what a model writes, do not reach the terminal; markup stays text."""
    console, written = _console()
    if place == "chat":
        CasePicture(console, _case(ESCAPE)).headline(1, 1)
    else:
        picture = CasePicture(console, _case("one"))
        picture.show(ReasoningEvent(delta=ESCAPE))
        picture.show(_decision())
    assert "\x1b" not in written.getvalue()
    assert "\x07" not in written.getvalue()
    assert "(red)plain(/red) ‹verdict›" in written.getvalue()


@given(
    words=st.lists(st.text(st.sampled_from("abc日é"), min_size=1, max_size=12), max_size=30),
    cuts=st.lists(st.integers(0, 400), max_size=20),
)
def test_words_flow_alike_however_they_come(words: list[str], cuts: list[int]) -> None:
    """Whatever the pieces: every word once, whole, in order, indented, and no line beyond the width."""
    text = " ".join(words)
    console, written = _console(20)
    flow = WordFlow(console)
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for start, end in itertools.pairwise(bounds):
        flow.feed(text[start:end])
    flow.end()
    lines = written.getvalue().splitlines()
    assert " ".join(written.getvalue().split()) == " ".join(neutral(word) for word in words)
    assert all(line.startswith("  ") for line in lines)
    assert all(len(line.split()) == 1 or len(line) <= 20 for line in lines)


def test_the_summary_is_one_line() -> None:
    """Right verdicts, medians, and what did not go well, only where there is any."""
    good = Shown(ended_well=True, right=True, by_fallback=False, verdict_ms=80.0, total_ms=1000.0)
    wrong = Shown(ended_well=True, right=False, by_fallback=True, verdict_ms=100.0, total_ms=None)
    lost = Shown(ended_well=False, right=False, by_fallback=False, verdict_ms=None, total_ms=None)
    assert summary_line([good, good]).plain == (
        "2 of 2 verdicts equal the human label · median time to verdict 80 ms · to the whole decision 1000 ms"
    )
    assert summary_line([good, wrong, lost]).plain == (
        "1 of 3 verdicts equal the human label · median time to verdict 90 ms · to the whole decision 1000 ms"
        " · 1 degraded · 1 without a decision"
    )
    assert summary_line([lost]).plain == "0 of 1 verdicts equal the human label · 1 without a decision"

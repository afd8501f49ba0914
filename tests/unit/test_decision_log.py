"""The decision log: what SQLite itself refuses, and that one bad row harms no other."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cases.decision import Action, Decision, DecisionStatus, Route
from cases.errors import StoreError
from cases.stream import VerdictEvent
from cases.verdict import Verdict
from serving.decision_log import DecisionLog
from serving.events import Event


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[DecisionLog]:
    """An open log in an empty folder."""
    log = DecisionLog.open(tmp_path / "log.sqlite3", synchronous="full")
    yield log
    await log.close()


def _decision(number: int = 1, status: DecisionStatus = DecisionStatus.RUNNING) -> Decision:
    return Decision(
        decision_id=f"d-{number}", status=status, case_id="c", market="SG", created_at=datetime.now(UTC)
    )


def _verdict(verdict: Verdict = Verdict.INDUCED) -> VerdictEvent:
    return VerdictEvent(
        decision_id="d-1",
        case_id="c",
        verdict=verdict,
        score=0.7,
        probabilities=None,
        action=Action.INVESTIGATE,
        route=Route.LLM,
        final=True,
        elapsed_ms=1.0,
    )


async def test_what_is_written_is_read(log: DecisionLog) -> None:
    """Request, verdict, decision and stream come back as they were."""
    decision = _decision()
    await log.accept(decision, asynchronous=True, request=b'{"case": 1}')
    await log.verdict(decision, _verdict())
    ended = decision.model_copy(update={"status": DecisionStatus.COMPLETE})
    events = [Event.of("d-1", 1, _verdict()), Event.of("d-1", 2, ended)]
    await log.finish(ended, events)
    found = await log.read("d-1")
    assert found is not None
    assert (found.decision, found.verdict, found.events) == (ended, _verdict(), events)
    assert (found.request, found.asynchronous, found.attempt) == (b'{"case": 1}', True, 0)
    assert await log.unfinished() == []


async def test_a_stored_verdict_never_changes(log: DecisionLog) -> None:
    """Another verdict for the same decision is refused by the database; the same again is not a change."""
    await log.accept(_decision(), asynchronous=False, request=b"{}")
    await log.verdict(_decision(), _verdict())
    await log.verdict(_decision(), _verdict())
    with pytest.raises(StoreError, match="a stored verdict never changes"):
        await log.verdict(_decision(), _verdict(Verdict.NOT_INDUCED))
    found = await log.read("d-1")
    assert found is not None
    assert found.verdict == _verdict()


async def test_an_ended_decision_never_changes(log: DecisionLog) -> None:
    """Once ended, neither status nor stream can be written again."""
    await log.accept(_decision(), asynchronous=False, request=b"{}")
    ended = _decision(status=DecisionStatus.CANCELLED)
    await log.finish(ended, [Event.of("d-1", 1, ended)])
    with pytest.raises(StoreError, match="an ended decision never changes"):
        await log.finish(_decision(status=DecisionStatus.COMPLETE), [])


async def test_a_bad_row_harms_no_other(log: DecisionLog) -> None:
    """Of rows that are committed together only the one at fault is refused."""
    await log.accept(_decision(1), asynchronous=False, request=b"{}")
    numbers = (2, 1, 3)  # 1 is there already
    written = [log.accept(_decision(number), asynchronous=False, request=b"{}") for number in numbers]
    outcomes = await asyncio.gather(*written, return_exceptions=True)
    assert [isinstance(outcome, StoreError) for outcome in outcomes] == [False, True, False]
    assert [stored.decision.decision_id for stored in await log.unfinished()] == ["d-1", "d-2", "d-3"]


async def test_a_row_that_no_database_takes_does_not_end_the_log(log: DecisionLog) -> None:
    """A fault beside SQLite's own refuses its row alone; whoever comes next is still served."""
    await log.accept(_decision(1), asynchronous=False, request=b"{}")
    with pytest.raises(StoreError, match="OverflowError"):
        await asyncio.wait_for(log.retry("d-1", 2**70), timeout=60)
    await asyncio.wait_for(log.retry("d-1", 1), timeout=60)
    found = await log.read("d-1")
    assert found is not None
    assert found.attempt == 1


async def test_an_unknown_decision_cannot_be_ended(log: DecisionLog) -> None:
    """Ending what was never accepted is an error, not a silent nothing."""
    with pytest.raises(StoreError, match="not in the log"):
        await log.finish(_decision(9, DecisionStatus.COMPLETE), [])


async def test_errors_hold_no_case_text(log: DecisionLog) -> None:
    """What the log says about a refused row does not quote the row."""
    await log.accept(_decision(), asynchronous=False, request=b"{}")
    with pytest.raises(StoreError) as caught:
        await log.accept(_decision(), asynchronous=False, request=b"zebra-crossing")
    assert "zebra" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_closing_writes_what_waits(tmp_path: Path) -> None:
    """Rows handed over before `close` are on disk after it."""
    log = DecisionLog.open(tmp_path / "log.sqlite3")
    written = [log.accept(_decision(number), asynchronous=False, request=b"{}") for number in range(50)]
    await log.close()
    await asyncio.gather(*written)
    with sqlite3.connect(tmp_path / "log.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (50,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_another_schema_is_refused(tmp_path: Path) -> None:
    """A file of another version is left alone."""
    with sqlite3.connect(tmp_path / "log.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="schema version 99"):
        DecisionLog.open(tmp_path / "log.sqlite3")


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """The operator is told which file is not a decision log."""
    (tmp_path / "log.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"log\.sqlite3"):
        DecisionLog.open(tmp_path / "log.sqlite3")


async def test_a_lock_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """The operator is told which file is in the way."""
    (tmp_path / "log.sqlite3.lock").mkdir()
    with pytest.raises(StoreError, match=r"log\.sqlite3\.lock"):
        DecisionLog.open(tmp_path / "log.sqlite3")

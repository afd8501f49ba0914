"""Decisions on disk: the accepted case before the engine is asked, the verdict before it is sent, then the end.

Takes: rows to write, in order. Gives: futures that are done when the row is committed; stored decisions by id.
Does not: block the event loop: one thread writes, and everything that waits is committed together.

With `synchronous = normal` a commit survives the death of the process; with `full` also a power cut.
"""

import asyncio
import fcntl
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import sqlalchemy as sa

from cases.decision import Decision, DecisionStatus
from cases.errors import StoreError
from cases.stream import VerdictEvent
from serving.decision_table import DECISIONS, open_database
from serving.events import Event, dump_events, load_events

_MAX_BATCH = 256
_ACCEPT = sa.insert(DECISIONS)
_VERDICT = (
    sa.update(DECISIONS)
    .where(DECISIONS.c.decision_id == sa.bindparam("id"))
    .values(verdict_event=sa.bindparam("verdict_event"), decision=sa.bindparam("decision"))
)
_FINISH = (
    sa.update(DECISIONS)
    .where(DECISIONS.c.decision_id == sa.bindparam("id"))
    .values(status=sa.bindparam("status"), decision=sa.bindparam("decision"), events=sa.bindparam("events"))
)
_FINISH_WITH_VERDICT = _FINISH.values(verdict_event=sa.bindparam("verdict_event"))
_RETRY = (
    sa.update(DECISIONS)
    .where(DECISIONS.c.decision_id == sa.bindparam("id"))
    .values(attempt=sa.bindparam("attempt"))
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as read back; `events` is empty until the decision has ended."""

    decision: Decision
    asynchronous: bool
    attempt: int
    request: bytes
    verdict: VerdictEvent | None
    events: list[Event]

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.decision.status is not DecisionStatus.RUNNING


@dataclass(frozen=True, slots=True)
class _Write:
    statement: sa.Executable
    row: dict[str, Any]
    done: "asyncio.Future[None]"


class DecisionLog:
    """The log of one gateway process; a lock file keeps a second process out of the same database."""

    def __init__(self, database: sa.Engine, lock: IO[str]) -> None:
        self._database = database
        self._lock = lock
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write_forever, name="decision-log")
        self._thread.start()

    @classmethod
    def open(cls, path: Path, *, synchronous: str = "normal") -> Self:
        """Open the log at `path` from within a running event loop; raises StoreError."""
        database = open_database(path, synchronous=synchronous)
        try:
            return cls(database, _locked(path))
        except StoreError:
            database.dispose()
            raise

    def accept(self, decision: Decision, *, asynchronous: bool, request: bytes) -> "asyncio.Future[None]":
        """Store a new decision with the request that asked for it."""
        row = {
            "decision_id": decision.decision_id,
            "created_at": decision.created_at.isoformat(),
            "status": decision.status.value,
            "asynchronous": asynchronous,
            "attempt": 0,
            "request": request,
            "decision": decision.model_dump_json(),
        }
        return self._submit(_ACCEPT, row)

    def verdict(self, decision: Decision, event: VerdictEvent) -> "asyncio.Future[None]":
        """Store the verdict; it can be stored once."""
        row = {"verdict_event": event.model_dump_json(), "decision": decision.model_dump_json()}
        return self._submit(_VERDICT, {"id": decision.decision_id, **row})

    def finish(
        self, decision: Decision, events: Sequence[Event], verdict: VerdictEvent | None = None
    ) -> "asyncio.Future[None]":
        """Store the end: final status, whole decision, whole stream, and a `verdict` that was not stored before."""
        row = {
            "id": decision.decision_id,
            "status": decision.status.value,
            "decision": decision.model_dump_json(),
            "events": dump_events(list(events)),
        }
        if verdict is None:
            return self._submit(_FINISH, row)
        return self._submit(_FINISH_WITH_VERDICT, {**row, "verdict_event": verdict.model_dump_json()})

    def retry(self, decision_id: str, attempt: int) -> "asyncio.Future[None]":
        """Store that attempt number `attempt` (from 0) begins."""
        return self._submit(_RETRY, {"id": decision_id, "attempt": attempt})

    async def read(self, decision_id: str) -> Stored | None:
        """The decision, or None when there is none of this id."""
        rows = await asyncio.to_thread(self._select, DECISIONS.c.decision_id == decision_id)
        return rows[0] if rows else None

    async def unfinished(self) -> list[Stored]:
        """Decisions that an earlier process left running, oldest first."""
        return await asyncio.to_thread(self._select, DECISIONS.c.status == DecisionStatus.RUNNING.value)

    async def close(self) -> None:
        """Write what waits, then let go of the file. May be called twice."""
        if self._lock.closed:
            return
        self._writes.put(None)
        await asyncio.to_thread(self._thread.join)
        self._database.dispose()
        self._lock.close()

    def _select(self, condition: "sa.ColumnElement[bool]") -> list[Stored]:
        query = sa.select(DECISIONS).where(condition).order_by(DECISIONS.c.created_at)
        try:
            with self._database.connect() as connection:
                return [_stored(row) for row in connection.execute(query)]
        except sa.exc.DatabaseError as error:
            raise StoreError(f"the decision log cannot be read: {error.orig}") from error

    def _submit(self, statement: sa.Executable, row: dict[str, Any]) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = self._loop.create_future()
        self._writes.put(_Write(statement, row, done))
        return done

    def _write_forever(self) -> None:
        with self._database.connect() as connection:
            closing = False
            while not closing:
                batch = [self._writes.get()]
                with suppress(queue.Empty):
                    while len(batch) < _MAX_BATCH:
                        batch.append(self._writes.get_nowait())
                closing = None in batch
                writes = [write for write in batch if write is not None]
                if writes:
                    outcomes = _commit(connection, writes)
                    self._loop.call_soon_threadsafe(_settle, outcomes)


def _locked(database: Path) -> IO[str]:
    """The lock file of `database`, locked for this process; raises StoreError."""
    path = database.with_name(database.name + ".lock")
    try:
        lock = path.open("w")
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if isinstance(error, BlockingIOError):
            told = f"{database}: another service uses this decision log; set VERDICT_DATABASE"
        else:
            told = f"{path}: cannot be locked: {error.strerror}"
        raise StoreError(told) from error
    return lock


_Outcome = tuple["asyncio.Future[None]", StoreError | None]


def _commit(connection: sa.Connection, writes: list[_Write]) -> list[_Outcome]:
    """Commit all together; when that fails, each alone, so that only the one at fault is refused."""
    try:
        with connection.begin():
            for write in writes:
                _execute(connection, write)
    except Exception as error:  # noqa: BLE001  # whatever it is: a dead thread would leave everyone waiting
        if len(writes) == 1:
            return [(writes[0].done, _refusal(error))]
        return [outcome for write in writes for outcome in _commit(connection, [write])]
    return [(write.done, None) for write in writes]


def _execute(connection: sa.Connection, write: _Write) -> None:
    result = connection.execute(write.statement, write.row)
    if result.rowcount != 1:
        raise StoreError("the decision is not in the log")


def _refusal(error: Exception) -> StoreError:
    known = isinstance(error, sa.exc.SQLAlchemyError | StoreError)
    cause = (getattr(error, "orig", None) or error) if known else type(error).__name__
    return StoreError(f"the decision log refused a row: {cause}")


def _settle(outcomes: list[_Outcome]) -> None:
    for done, error in outcomes:
        if done.cancelled():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _stored(row: "sa.Row[Any]") -> Stored:
    return Stored(
        decision=Decision.model_validate_json(row.decision),
        asynchronous=row.asynchronous,
        attempt=row.attempt,
        request=row.request,
        verdict=None if row.verdict_event is None else VerdictEvent.model_validate_json(row.verdict_event),
        events=[] if row.events is None else load_events(row.decision_id, row.events),
    )

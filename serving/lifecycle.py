"""The life of a decision from acceptance to its last event, also across a restart.

Takes: checked requests. Gives: runs to follow. Every run ends with a last event, one way of these:

    finished, short circuit   `decision`, complete or short_circuited (degraded where a fallback had to help)
    last client gone          `decision`, cancelled; the engine's work ends at once
    shutdown                  `problem`; asked for asynchronously: it runs again after the restart under the same id
    fault of ours, or of disk `problem`, failed

Does not: decide (`serving.pipeline` does), or know HTTP.
"""

import asyncio
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from cases.decision import Decision, DecisionStatus
from cases.errors import CaseError, ShuttingDownError, StoreError, VerdictError
from serving.decision_log import Stored
from serving.events import ATTEMPT_STRIDE, Event, EventData
from serving.parts import Parts
from serving.pipeline import Job, Pipeline
from serving.problems import internal_problem, problem_of
from serving.requests import DecisionRequest, parse_request
from serving.runs import CutReason, Run
from serving.stopwatch import Stopwatch

MAX_ATTEMPTS = 3
_log = logging.getLogger(__name__)


class Lifecycle:
    """Starts, supervises, ends and recovers runs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pipeline = Pipeline(parts)
        self._runs: dict[str, Run] = {}

    @property
    def running(self) -> int:
        """How many decisions are under way."""
        return len(self._runs)

    def get(self, decision_id: str) -> Run | None:
        """The run of this id, while it runs in this process."""
        return self._runs.get(decision_id)

    async def start(
        self, request: DecisionRequest, body: bytes, *, asynchronous: bool, watch: Stopwatch
    ) -> Run:
        """Accept a request; returns once its case is stored, while the run is already at work.

        Raises OverloadedError, ShuttingDownError, StoreError.
        """
        ticket = self._parts.admission.enter()
        decision = Decision(
            decision_id=new_decision_id(),
            status=DecisionStatus.RUNNING,
            case_id=request.case.case_id,
            market=request.case.market,
            created_at=datetime.now(UTC),
        )
        stored = self._parts.log.accept(decision, asynchronous=asynchronous, request=body)
        run = Run(decision, asynchronous=asynchronous)
        job = Job(request, stored, ticket, watch)
        self._begin(run, lambda: _ready(job))
        await asyncio.shield(stored)
        return run

    async def recover(self, engine_ready: asyncio.Event) -> None:
        """Take up what an earlier process left: asynchronous decisions run again, streamed ones end as cancelled."""
        for stored in await self._parts.log.unfinished():
            if stored.asynchronous:
                await self._resume(stored, engine_ready)
            else:
                await self._end_stored(stored, DecisionStatus.CANCELLED)

    async def drain(self, *, limit_s: float) -> None:
        """Let nobody in, give running decisions `limit_s` to end, then end them."""
        self._parts.admission.close()
        await self._wait_all(limit_s)
        for run in list(self._runs.values()):
            run.cut(CutReason.SHUTDOWN)
        await self._wait_all(None)

    async def _wait_all(self, limit_s: float | None) -> None:
        working = [run.task for run in self._runs.values() if run.task is not None]
        if working:
            await asyncio.wait(working, timeout=limit_s)

    # --- one run --------------------------------------------------------------------------------------

    def _begin(self, run: Run, job: Callable[[], Awaitable[Job]]) -> None:
        self._runs[run.id] = run
        run.task = asyncio.create_task(self._supervise(run, job), name=f"decision {run.id}")

    async def _supervise(self, run: Run, make_job: Callable[[], Awaitable[Job]]) -> None:
        """Run the pipeline and see to it that the run ends with a last event, whatever happens."""
        job: Job | None = None
        try:
            job = await make_job()
            decision = await self._pipeline.run(job, run)
            await self._end(run, decision, decision)
            self._parts.metrics.told_verdict(run.held_verdict, job.watch)
        except asyncio.CancelledError:
            if run.cut_reason is None:
                raise
            _uncancel()
            await self._end_cut(run, run.cut_reason)
        except ShuttingDownError:  # its engine came up only after the door was closed
            await self._end_cut(run, CutReason.SHUTDOWN)
        except VerdictError as error:
            _log.warning(
                "decision %s failed: %s", run.id, error if isinstance(error, StoreError) else type(error)
            )
            await self._end_failed(run, problem_of(error))
        except Exception as error:  # noqa: BLE001  # a fault of ours: counted, logged by place, told to the client
            self._parts.metrics.internal_faults.labels("pipeline").inc()
            _log.error("decision %s failed: %s", run.id, fault_place(error))  # no case text in logs
            await self._end_failed(run, internal_problem())
        finally:
            if job is not None:
                job.ticket.leave()
                self._count(run, job)
            self._runs.pop(run.id, None)
            if not run.ended:
                # Only after a fault in the ending itself: whatever happens, no follower is left waiting.
                run.tell(internal_problem())

    async def _end(self, run: Run, decision: Decision, data: EventData) -> None:
        """Store the end (with a held verdict, in one commit), then tell it."""
        last_words = run.last_words(data)
        await self._parts.log.finish(decision, [*run.events, *last_words], run.held_verdict)
        for event in last_words:
            run.publish(event)

    async def _end_cut(self, run: Run, reason: CutReason) -> None:
        run.held_verdict = None
        problem = problem_of(ShuttingDownError()).model_copy(update={"decision_id": run.id})
        if reason is CutReason.SHUTDOWN and run.asynchronous:
            # Not stored: to the log it still runs, so the next process takes it up.
            run.tell_unstored(problem)
            return
        decision = run.note(status=DecisionStatus.CANCELLED)
        if reason is CutReason.CLIENT_GONE:
            self._parts.metrics.clients_gone.inc()
        await self._end_or_tell(run, decision, decision if reason is CutReason.CLIENT_GONE else problem)

    async def _end_failed(self, run: Run, problem: EventData) -> None:
        run.held_verdict = None
        decision = run.note(status=DecisionStatus.FAILED)
        await self._end_or_tell(run, decision, problem.model_copy(update={"decision_id": run.id}))

    async def _end_or_tell(self, run: Run, decision: Decision, data: EventData) -> None:
        """Like `_end`, but followers get their last event even where it cannot be stored."""
        try:
            await self._end(run, decision, data)
        except StoreError as error:
            self._parts.metrics.internal_faults.labels("decision_log").inc()
            _log.error("decision %s: its end is not stored: %s", run.id, error)  # the message says all
            run.tell(data)

    def _count(self, run: Run, job: Job) -> None:
        self._parts.metrics.ended(run.decision, job.watch.stages_ms, job.watch.since_start_ms() / 1000)

    # --- after a restart ------------------------------------------------------------------------------

    async def _resume(self, stored: Stored, engine_ready: asyncio.Event) -> None:
        attempt = stored.attempt + 1
        try:
            request = parse_request(
                stored.request, markets=self._parts.markets, deadline_ms=self._parts.settings.deadline_ms
            )
        except CaseError as error:
            _log.warning(
                "decision %s cannot run again: its market or fields are refused now",
                stored.decision.decision_id,
            )
            await self._end_stored(stored, DecisionStatus.FAILED, problem_of(error))
            return
        if attempt >= MAX_ATTEMPTS:
            _log.error(
                "decision %s was left unfinished %d times; given up", stored.decision.decision_id, attempt
            )
            await self._end_stored(stored, DecisionStatus.FAILED, internal_problem())
            return
        run = Run(stored.decision, asynchronous=True, attempt=attempt)

        async def job() -> Job:
            await engine_ready.wait()
            ticket = self._parts.admission.enter(beyond_limit=True)
            # Counted only now: restarts while the engine is away are no attempts.
            written = self._parts.log.retry(run.id, attempt)
            return Job(request, written, ticket, Stopwatch(), kept=stored.verdict)

        self._begin(run, job)

    async def _end_stored(
        self, stored: Stored, status: DecisionStatus, data: EventData | None = None
    ) -> None:
        """End a decision that no process runs; its stream holds the verdict, if there was one, and the end."""
        decision = stored.decision.model_copy(update={"status": status})
        told = [] if stored.verdict is None else [Event.of(decision.decision_id, 1, stored.verdict)]
        last_n = (stored.attempt + 1) * ATTEMPT_STRIDE + 1
        last = Event.of(decision.decision_id, last_n, decision if data is None else data)
        await self._parts.log.finish(decision, [*told, last])


def new_decision_id() -> str:
    """A fresh id: `d-` and 26 characters that sort by time of creation."""
    millis = int(datetime.now(UTC).timestamp() * 1000)
    return f"d-{millis:012x}{secrets.token_hex(7)}"


def fault_place(error: BaseException) -> str:
    """Type and place of an unforeseen error, without its message: that may quote a case."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {where}"


def _uncancel() -> None:
    # The cancellation has done its work; time-outs used while ending must not see it.
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


async def _ready(job: Job) -> Job:
    return job

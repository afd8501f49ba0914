"""Many cases through one service: concurrent, resumable, answered in input order.

Takes: a JSONL file of cases and a client. Gives: one answer a line, in a file that is whole or not there.
Does not: check cases (the service does), print progress, or ask twice for what is answered.

A run that was cut off is taken up again by the same call: only rows that are missing, failed or changed are asked for.
A row is known by `case_id` and the hash of its input (`client.rows`); `client.journal` keeps the answers.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cases.stream import ProblemEvent
from client.client import ASK_AGAIN, Options, VerdictClient, Wait
from client.errors import (
    BatchFileError,
    ClientError,
    ConnectionBroken,
    ProblemError,
    ServiceUnreachable,
    UnreadableAnswer,
)
from client.journal import Journal, written_paths
from client.results import BatchSummary, ResultRow
from client.rows import InputRow, read_rows

READY_WITHIN_S: Final = 300.0
_ASK_READY_EVERY_S: Final = 1.0

OnRow = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BatchJob:
    """What to classify, where the answers go, how many cases are in flight at once."""

    source: Path
    target: Path
    options: Options
    concurrency: int = 16


async def run_batch(job: BatchJob, client: VerdictClient, on_row: OnRow = lambda _: None) -> BatchSummary:
    """Classify every row of the job; `on_row` hears the status of each, `reused` for one that an earlier run answered.

    Raises BatchFileError, and ServiceUnreachable when the service goes away: what was answered by then is kept.
    """
    _check_files(job)
    with Journal.opened(job.target) as journal:
        batch = _Batch(job, client, journal, on_row)
        await batch.run()
        return journal.publish(batch.order)


def _check_files(job: BatchJob) -> None:
    """Refuse cases that can be read only once (they are counted first), and to write over them under any name."""
    if job.source.exists() and not job.source.is_file():
        raise BatchFileError(f"{job.source}: not a file that can be read twice; save the cases in one")
    for path in written_paths(job.target):
        if path.exists() and path.samefile(job.source):
            raise BatchFileError(f"{path}: is the file of cases itself; choose another for the answers")


async def until_ready(
    client: VerdictClient,
    on_wait: Callable[[str], None],
    *,
    limit_s: float = READY_WITHIN_S,
    wait: Wait = asyncio.sleep,
) -> None:
    """Wait until the service can answer in full: while its engine loads, rules would answer instead.

    `on_wait` hears the reason. Raises ServiceUnreachable at once when nothing answers, or after `limit_s`.
    """
    waited_s = 0.0
    while not (found := await client.readiness()).ready:
        if waited_s >= limit_s:
            raise ServiceUnreachable(f"the service is not ready after {waited_s:.0f} s: {found.detail}")
        on_wait(found.detail)
        await wait(_ASK_READY_EVERY_S)
        waited_s += _ASK_READY_EVERY_S


class _Batch:
    """One run over the input. `order` is the hash of every row, in input order."""

    def __init__(self, job: BatchJob, client: VerdictClient, journal: Journal, on_row: OnRow) -> None:
        self.order: list[bytes] = []
        self._job = job
        self._client = client
        self._journal = journal
        self._on_row = on_row
        self._lost: ServiceUnreachable | None = None

    async def run(self) -> None:
        """Ask for every row that has no answer. When the service goes away, rows in flight may still end."""
        to_ask = self._unanswered()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._job.concurrency):
                    group.create_task(self._work(to_ask))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors  # the workers share one fate: the first says what happened
        if self._lost is not None:
            raise self._lost

    def _unanswered(self) -> Iterator[InputRow]:
        """The rows to ask for, each distinct one once."""
        seen: set[bytes] = set()
        for row in read_rows(self._job.source, self._job.options):
            key = bytes.fromhex(row.input_sha256)
            self.order.append(key)
            if key in seen or row.input_sha256 in self._journal:
                self._on_row("reused")
            else:
                seen.add(key)
                yield row

    async def _work(self, to_ask: Iterator[InputRow]) -> None:
        for row in to_ask:
            try:
                result = await self._answer(row)
            except ServiceUnreachable as error:
                self._lost = error
            else:
                self._journal.add(result)
                self._on_row(result.status)
            if self._lost is not None:
                return

    async def _answer(self, row: InputRow) -> ResultRow:
        """The answer of one row; raises ServiceUnreachable."""
        named = {"case_id": row.case_id, "input_sha256": row.input_sha256}
        if row.case is None:
            fault = f"line {row.line_number} is {row.fault}"
            problem = ProblemEvent(title="The line is not a case", status=400, detail=fault)
            return ResultRow(**named, status="invalid", problem=problem)
        try:
            decision = await self._client.decide(row.case, **self._job.options)
        except (ProblemError, ConnectionBroken, UnreadableAnswer) as error:
            problem = _problem(error)
            refused = 400 <= problem.status < 500 and problem.status not in ASK_AGAIN
            return ResultRow(**named, status="refused" if refused else "failed", problem=problem)
        return ResultRow(**named, status=decision.status.value, decision=decision)


def _problem(error: ClientError) -> ProblemEvent:
    if isinstance(error, ProblemError):
        return error.problem
    return ProblemEvent(title="There is no whole answer", status=502, detail=str(error))

"""Ask a running service about many cases, as a user would: over HTTP, with the typed client.

Takes: a client, cases, options. Gives: decisions in the order of the cases. Does not: start a service, or accept a
degraded answer silently (`degraded` counts them).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from cases.case import Case
from cases.decision import Decision
from cases.verdict import Verdict
from client.client import Options, VerdictClient
from eval.errors import NotAnsweredError

OnAnswer = Callable[[int], None]


def body_of(case: Case) -> dict[str, Any]:
    """The case as HTTP takes it: JSON-ready, without a label."""
    return case.model_dump(mode="json", exclude={"label"}, exclude_none=True)


async def ask_all(
    client: VerdictClient,
    cases: Sequence[Case],
    options: Options,
    concurrency: int,
    on_answer: OnAnswer = lambda _: None,
) -> list[Decision]:
    """One decision a case, at most `concurrency` in flight. Raises the client's errors; the rest is then cancelled."""
    waiting = iter(enumerate(cases))
    answers: list[Decision | None] = [None] * len(cases)
    done = 0

    async def work() -> None:
        nonlocal done
        for index, case in waiting:
            answers[index] = await client.decide(body_of(case), **options)
            done += 1
            on_answer(done)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(cases))):
                group.create_task(work())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [answer for answer in answers if answer is not None]


def verdicts_of(decisions: Sequence[Decision]) -> tuple[Verdict, ...]:
    """The verdicts; raises NotAnsweredError when one is missing."""
    found = []
    for decision in decisions:
        if decision.verdict is None:
            raise NotAnsweredError(
                f"decision {decision.decision_id} ended as {decision.status} without a verdict"
            )
        found.append(decision.verdict)
    return tuple(found)


def degraded(decisions: Sequence[Decision]) -> int:
    """How many were answered, or cut, by a fallback."""
    return sum(decision.degraded for decision in decisions)

"""The part after the verdict: factors, then reasoning, as events; or what is told when it breaks off.

Takes: findings of a speaker (or a rule's finished document). Gives: events on the run, and a frozen `Told`.
Does not: touch the verdict: whatever goes wrong here, it stands.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from cases.decision import DecisionStatus, Until
from cases.errors import DocumentError, EngineError, EngineTimeout, OverloadedError
from cases.factor import Factor
from cases.stream import FactorsEvent, ReasoningEvent
from cases.verdict import Verdict
from prompts.document import Document
from prompts.parser import DocumentComplete, FactorsFound, Malformed, ReasoningDelta
from serving.runs import Run
from serving.speakers import Speaker


@dataclass(frozen=True, slots=True)
class Told:
    """What the client was told after the verdict; `broken_by` says why the explanation is not whole."""

    status: DecisionStatus = DecisionStatus.COMPLETE
    factors: tuple[Factor, ...] | None = None
    reasoning: str | None = None
    broken_by: str | None = None


REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (TimeoutError, "deadline"),
    (EngineTimeout, "engine_timeout"),
    (EngineError, "engine_unavailable"),
    (OverloadedError, "overloaded"),
    (DocumentError, "malformed_document"),
)
FALLBACK_ON: Final = tuple(kind for kind, _ in REASONS)


def reason_of(error: Exception) -> str:
    """The stable name of why something was cut or answered by the fallback."""
    return next(reason for kind, reason in REASONS if isinstance(error, kind))


async def explain(speaker: Speaker, verdict: Verdict, run: Run, *, until: Until, timeout_s: float) -> Told:
    """Publish the explanation of `verdict` as it comes; stops, and ends the engine's work, where `until` says.

    Does not raise for a broken explanation; `Told.broken_by` names what broke it.
    """
    factors: tuple[Factor, ...] | None = None
    try:
        async with asyncio.timeout(timeout_s), aclosing(speaker.explanation(verdict)) as findings:
            async for finding in findings:
                match finding:
                    case FactorsFound():
                        factors = finding.factors
                        run.tell(FactorsEvent(decision_factors=factors))
                        if until is Until.FACTORS:
                            return Told(DecisionStatus.SHORT_CIRCUITED, factors)
                    case ReasoningDelta():
                        run.tell(ReasoningEvent(delta=finding.text))
                    case DocumentComplete():
                        return Told(factors=finding.document.factors, reasoning=finding.document.reasoning)
                    case Malformed():
                        raise DocumentError(finding.code, finding.message)
        raise DocumentError("unfinished", "the document broke off")
    except FALLBACK_ON as error:
        return Told(factors=factors, broken_by=_named(error))


def tell(document: Document, run: Run, *, until: Until) -> Told:
    """Publish a finished document, as far as `until` says."""
    run.tell(FactorsEvent(decision_factors=document.factors))
    if until is Until.FACTORS:
        return Told(DecisionStatus.SHORT_CIRCUITED, document.factors)
    run.tell(ReasoningEvent(delta=document.reasoning))
    return Told(factors=document.factors, reasoning=document.reasoning)


def _named(error: Exception) -> str:
    reason = reason_of(error)
    return f"{reason}: {error.code}" if isinstance(error, DocumentError) else reason

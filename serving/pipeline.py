"""The path of a case, in order: the table of contents of the service.

    parse (serving.requests) -> cut at the cancellation -> narrative -> render -> [case stored]
    -> decide (serving.speakers) -> calibrate, rule (serving.policy) -> [verdict stored] -> verdict event
    -> short circuit? -> explain and parse (serving.explanation) -> factors and reasoning events
    -> [decision stored] -> decision event (serving.lifecycle)

Takes: an accepted job and its run. Gives: the final decision, with every event but the last published.
Does not: end runs that were cut or failed (`serving.lifecycle` does), or know HTTP.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field

from cases.cutoff import CutCase, at_cancellation
from cases.decision import Decision, DecisionStatus, Route, Until, Versions
from cases.errors import DocumentError
from cases.features import FEATURES_VERSION
from cases.market import MarketConfig
from cases.narrative import narrate
from cases.stream import VerdictEvent
from cases.verdict import Verdict
from prompts.document import Document
from serving.admission import Ticket
from serving.explanation import FALLBACK_ON, Told, explain, reason_of, tell
from serving.fallback import Answer, answer_by_rules
from serving.parts import Parts
from serving.policy import at_most_investigate
from serving.requests import DecisionRequest
from serving.runs import Run
from serving.settings import EngineMode
from serving.speakers import DecideExplain, Question, SingleStream, Speaker
from serving.stopwatch import Stopwatch

POLICY_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Job:
    """An accepted request.

    `stored`: done when the case is on disk. `kept`: the verdict of an earlier attempt, which stands.
    """

    request: DecisionRequest
    stored: "asyncio.Future[None]"
    ticket: Ticket
    watch: Stopwatch = field(default_factory=Stopwatch)
    kept: VerdictEvent | None = None


class Pipeline:
    """Takes cases through the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, job: Job, run: Run) -> Decision:
        """Take one case from its rendering to its end; raises StoreError when it cannot be stored.

        Cancelling it ends the work in the engine.
        """
        market = self._parts.markets[job.request.case.market]
        with job.watch.stage("cutoff"):
            cut = at_cancellation(job.request.case)
        speaker = self._speaker(job, run, cut, market)
        # Written meanwhile; shielded, because another task waits for the same future.
        with job.watch.stage("store_case"):
            await asyncio.shield(job.stored)
        try:
            async with aclosing(speaker):
                verdict, document = await self._verdict(job, run, speaker, cut, market)
                told = await self._explanation(job, run, speaker, verdict, document)
        finally:
            job.ticket.leave()
            run.note(tokens=speaker.tokens)  # also of a run that is cut
        return self._whole(job, run, told)

    # --- before the engine ----------------------------------------------------------------------------

    def _speaker(self, job: Job, run: Run, cut: CutCase, market: MarketConfig) -> Speaker:
        """The conversation with the engine about this case; what was cut from the prompt goes into the warnings."""
        with job.watch.stage("narrative"):
            narrative = narrate(cut.case)
        with job.watch.stage("render"):
            prompt = self._parts.renderer.render(narrative, market)
        if job.kept is None:  # else the stored decision has them, with those of its verdict
            run.note(warnings=(*cut.warnings, *prompt.cuts))
        question = Question(run.id, prompt.ids, market)
        # A verdict kept from an earlier attempt can only be explained by asking for an explanation of it.
        if self._parts.settings.engine_mode is EngineMode.SINGLE_STREAM and job.kept is None:
            return SingleStream(self._parts, question)
        return DecideExplain(self._parts, question)

    # --- the verdict ----------------------------------------------------------------------------------

    async def _verdict(
        self, job: Job, run: Run, speaker: Speaker, cut: CutCase, market: MarketConfig
    ) -> tuple[Verdict, Document | None]:
        """Have the verdict answered, stored and told; gives it with its explanation, where that came along."""
        if job.kept is not None:
            job.ticket.leave()
            run.tell(job.kept)
            by_rules = job.kept.route is Route.RULES
            return job.kept.verdict, self._by_rules(cut, market, None).document if by_rules else None
        answer = await self._answer(job, speaker, cut, market)
        self._note(run, answer, speaker)
        event = self._verdict_event(job, run, answer)
        if job.request.options.until is Until.VERDICT:
            # Nothing comes in between: one commit stores verdict and end, then both are told.
            run.held_verdict = event
        else:
            with job.watch.stage("store_verdict"):
                await self._parts.log.verdict(run.decision, event)
            run.tell(event)
            self._parts.metrics.told_verdict(event, job.watch)
        job.watch.mark("to_verdict")
        return event.verdict, answer.document

    async def _answer(self, job: Job, speaker: Speaker, cut: CutCase, market: MarketConfig) -> Answer:
        """The engine's verdict if it comes in time, else that of the rules."""
        options = job.request.options
        if options.route is Route.RULES:
            job.ticket.leave()
            return self._by_rules(cut, market, None)
        goes_on = False
        try:
            async with asyncio.timeout(job.watch.until_s(options.deadline_ms)):
                with job.watch.stage("queue"):
                    await job.ticket.slot()
                with job.watch.stage("decide"):
                    ruling = await speaker.verdict()
            goes_on = speaker.goes_on
            return Answer(ruling, Route.LLM)
        except FALLBACK_ON as error:
            await speaker.aclose()
            if isinstance(error, DocumentError):
                self._parts.metrics.malformed.labels(error.code).inc()
            return self._by_rules(cut, market, reason_of(error))
        finally:
            if not goes_on:  # else its slot in the engine stays taken until the document ends
                job.ticket.leave()

    def _by_rules(self, cut: CutCase, market: MarketConfig, degraded_reason: str | None) -> Answer:
        return answer_by_rules(self._parts.rules, cut.case, market, degraded_reason=degraded_reason)

    def _note(self, run: Run, answer: Answer, speaker: Speaker) -> None:
        card, ruling = self._parts.card, answer.ruling
        by_model = answer.route is Route.LLM
        warnings = (*run.decision.warnings, *ruling.warnings)
        if by_model and run.decision.market not in card.trained_markets:
            warnings = (*warnings, f"model {card.name} was not trained on market {run.decision.market}")
        run.note(
            verdict=ruling.verdict,
            score=ruling.score,
            probabilities=ruling.probabilities,
            action=ruling.action,
            route=answer.route,
            degraded=answer.degraded_reason is not None,
            degraded_reason=answer.degraded_reason,
            warnings=warnings,
            versions=self._versions(by_model=by_model, market=run.decision.market),
            tokens=speaker.tokens,
        )

    def _versions(self, *, by_model: bool, market: str) -> Versions:
        parts = self._parts
        both = Versions(policy=POLICY_VERSION, features=str(FEATURES_VERSION))
        if not by_model:
            return both.model_copy(update={"rules": parts.rules.version})
        calibrated = market in parts.card.calibrations
        return both.model_copy(
            update={
                "model": parts.card.version,
                "adapter": parts.card.adapter,
                "prompt": f"{parts.template.version}@{parts.template.sha256[:12]}",
                "calibration": parts.card.calibration_version if calibrated else None,
            }
        )

    def _verdict_event(self, job: Job, run: Run, answer: Answer) -> VerdictEvent:
        known = run.note(timings_ms=job.watch.rounded_ms())
        return VerdictEvent(
            decision_id=known.decision_id,
            case_id=known.case_id,
            verdict=answer.ruling.verdict,
            score=answer.ruling.score,
            probabilities=answer.ruling.probabilities,
            action=answer.ruling.action,
            route=answer.route,
            final=True,
            elapsed_ms=round(job.watch.since_start_ms(), 3),
        )

    # --- after the verdict ----------------------------------------------------------------------------

    async def _explanation(
        self, job: Job, run: Run, speaker: Speaker, verdict: Verdict, document: Document | None
    ) -> Told:
        until = job.request.options.until
        if until is Until.VERDICT:
            return Told(DecisionStatus.SHORT_CIRCUITED)
        if document is not None:
            return tell(document, run, until=until)
        with job.watch.stage("explain"):
            limit_s = self._parts.settings.explain_timeout_s
            return await explain(speaker, verdict, run, until=until, timeout_s=limit_s)

    def _whole(self, job: Job, run: Run, told: Told) -> Decision:
        """The final decision; one whose explanation broke is degraded, and advises no more than a person's look."""
        tokens = run.decision.tokens
        if told.status is DecisionStatus.SHORT_CIRCUITED and run.decision.route is Route.LLM:
            tokens = tokens.model_copy(update={"saved": self._parts.lengths.saved(tokens.generated)})
        elif told.reasoning is not None and run.decision.route is Route.LLM:
            self._parts.lengths.finished(tokens.generated)
        job.watch.mark("total")
        changes = {
            "status": told.status,
            "decision_factors": told.factors,
            "reasoning": told.reasoning,
            "tokens": tokens,
            "timings_ms": job.watch.rounded_ms(),
        }
        if told.broken_by is None:
            return run.note(**changes)
        reason, _, code = told.broken_by.partition(": ")
        if code:
            self._parts.metrics.malformed.labels(code).inc()
        warning = f"the explanation broke off ({told.broken_by}); the verdict stands, the action is at most investigate"
        action = run.decision.action
        return run.note(
            **changes,
            degraded=True,
            degraded_reason="explanation_" + reason,
            action=None if action is None else at_most_investigate(action),
            warnings=(*run.decision.warnings, warning),
        )

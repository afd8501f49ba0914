"""Who answers when the engine is late, down or lost: rules v1, always warm.

Takes: a case cut at its cancellation, and why the engine did not answer. Gives: an `Answer` with a whole document.
Does not: advise more than `investigate`.
"""

from dataclasses import dataclass

from baselines.rules_v1 import RulesV1
from cases.case import Case
from cases.decision import Route
from cases.market import MarketConfig
from prompts.document import Document
from serving.policy import Ruling, unmeasured, with_precision


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, who gave it, and the explanation where it came along; `degraded_reason` None: as asked."""

    ruling: Ruling
    route: Route
    degraded_reason: str | None = None
    document: Document | None = None


def answer_by_rules(
    rules: RulesV1, case: Case, market: MarketConfig, *, degraded_reason: str | None
) -> Answer:
    """The verdict of the first rule that fires, with that rule's measured precision."""
    found = rules.decide(case)
    if found.measured_precision is None:
        ruling = unmeasured(found.verdict, market)
    else:
        ruling = with_precision(found.verdict, found.measured_precision, market)
    # In a two-class market the document still names the factors that the rule saw.
    document = Document(found.verdict, found.factors, found.reasoning)
    return Answer(ruling, Route.RULES, degraded_reason, document)

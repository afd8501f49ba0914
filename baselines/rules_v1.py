"""Rules v1: the legacy system that came before the models, kept as last fallback and as a yardstick.

Takes: a `Case`. Gives: `RulesVerdict`: verdict, factors, reasoning, the rule that fired and its measured precision.
Does not: read call metadata (it was built without), look at a single concurrent order (it counts the list),
or give a probability.

Faithful to the weaknesses it is replaced for: rigid thresholds, a stale keyword list from mostly English chats, a
buyer's click taken at its word, a busy seller excused, and "induced" only where two signals agree or one is plain.
The first rule of `RULES` that fires decides. A missing list reads as an empty one, as it did then.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from baselines.keywords import KeywordScorer, plain
from baselines.rule_list import RULES, Signals
from baselines.rules_config import RulesConfig, RulesPrecision, read_precision, read_rules
from cases.case import Case, ChatMessage
from cases.factor import Factor
from cases.record import record_facts
from cases.verdict import Verdict

PRECISION_FILE = "rules_v1_precision.toml"
"""Where the measured precision lies, beside the rules' own file."""


@dataclass(frozen=True, slots=True)
class RulesVerdict:
    """What the rules say. `measured_precision` is None where it was not measured (or on too few cases)."""

    verdict: Verdict
    factors: tuple[Factor, ...]
    reasoning: str
    rule: str
    measured_precision: float | None


class RulesV1:
    """The rules with their settings; safe to share between threads."""

    def __init__(self, config: RulesConfig, precision: RulesPrecision | None = None) -> None:
        self._config = config
        self._precision = precision
        seller, buyer = config.seller_keywords, config.buyer_keywords
        self._seller = tuple(
            KeywordScorer(w) for w in (seller.request, seller.stock, seller.reorder, seller.off_platform)
        )
        self._buyer = (
            (Factor.BUYER_CHANGED_MIND, KeywordScorer(buyer.changed_mind)),
            (Factor.BUYER_BETTER_PRICE, KeywordScorer(buyer.better_price)),
            (Factor.BUYER_WRONG_ITEM_OR_ADDRESS, KeywordScorer(buyer.wrong_item_or_address)),
            (Factor.BUYER_DUPLICATE_ORDER, KeywordScorer(buyer.duplicate_order)),
            (Factor.BUYER_PAYMENT_PROBLEM, KeywordScorer(buyer.payment_problem)),
        )

    @classmethod
    def load(cls, config: Path, precision: Path | None = None) -> Self:
        """Read the rules and, from `precision` (default: `PRECISION_FILE` beside them), what was measured.

        Raises ConfigError when a file is wrong, or when the precision was measured for other rules.
        """
        rules = read_rules(config)
        return cls(rules, read_precision(precision or config.with_name(PRECISION_FILE), config))

    @property
    def version(self) -> str:
        """The rules' version, for the decision's `versions`."""
        return self._config.version

    def decide(self, case: Case) -> RulesVerdict:
        """The verdict of the first rule that fires; the last one always does."""
        signals = self._signals(case)
        fired = ((name, rule(signals)) for name, rule in RULES.items())
        name, found = next((name, found) for name, found in fired if found is not None)
        return RulesVerdict(found.verdict, found.factors, found.reasoning, name, self._precision_of(name))

    def _precision_of(self, rule: str) -> float | None:
        count = self._precision.rules.get(rule) if self._precision else None
        return count.precision if count else None

    def _signals(self, case: Case) -> Signals:
        facts = record_facts(case)
        seller, buyer = _texts(facts.seller_messages), _texts(facts.buyer_messages)
        request, stock, reorder, off_platform = (scorer.highest(seller) for scorer in self._seller)
        own = max(
            ((scorer.highest(buyer), factor) for factor, scorer in self._buyer), key=lambda pair: pair[0]
        )
        limits = self._config.thresholds
        # Every listed order counts, also those shipped or cancelled long ago: the old system never looked inside.
        busy = len(facts.case.concurrent_orders or ()) >= limits.busy_concurrent_orders
        late = facts.hours_late
        return Signals(
            config=self._config,
            facts=facts,
            clicked=facts.case.order.buyer_reason,
            request=request,
            stock=stock,
            reorder=reorder,
            off_platform=off_platform,
            said_own_reason=own[1] if own[0] >= self._config.keyword_thresholds.plain else None,
            hours_late=late if late is None or not busy else late - limits.busy_grace_hours,
        )


def _texts(messages: tuple[ChatMessage, ...]) -> list[str]:
    return [plain(m.text) for m in messages if m.text]

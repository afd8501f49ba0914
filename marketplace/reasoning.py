"""The reasoning of a label: one to three sentences of statements that the record bears out.

Takes: `Evidence`, the `Rule` that decided, its factors, a number to vary by. Gives: 60 to 350 characters of English.
Does not: state anything that is not in the evidence.
"""

from dataclasses import dataclass

from cases.case import BuyerReason
from cases.factor import Factor
from cases.verdict import Verdict
from marketplace.acts import KEEPING, Act
from marketplace.evidence import Evidence
from marketplace.policy_factors import CLICK_FACTORS, overloaded
from marketplace.rules import Rule
from marketplace.statements import WORDINGS, Says

SHORTEST = 60
LONGEST = 350

_BY_FACTOR = {
    Factor.CHAT_CLAIMED_OUT_OF_STOCK: Says.OUT_OF_STOCK,
    Factor.CHAT_CANCEL_AND_REORDER: Says.REORDER,
    Factor.CHAT_PRICE_OR_LISTING_ERROR: Says.PRICE_ERROR,
    Factor.CHAT_OFF_PLATFORM_OFFER: Says.OFF_PLATFORM,
    Factor.CHAT_REFUSED_TO_SHIP: Says.REFUSED,
    Factor.CHAT_EXCUSES_FOR_DELAY: Says.EXCUSES,
    Factor.CHAT_PRESSURE_OR_THREAT: Says.PRESSED,
    Factor.CHAT_IGNORED_BUYER: Says.IGNORED,
    Factor.CALL_REQUEST_BY_PHONE_REPORTED: Says.PHONE_SAID,
    Factor.FULFILLMENT_NO_SHIPPING_UPDATE: Says.NO_UPDATE,
    Factor.FULFILLMENT_REPEATED_EXTENSIONS: Says.STALLED,
    Factor.FULFILLMENT_STOCK_OUT_RECORDED: Says.STOCK_OUT,
    Factor.ORDERS_OVERLOADED_SELLER: Says.OVERLOADED,
    Factor.ORDERS_SAME_ITEM_CANCELLED: Says.SAME_ITEM,
    Factor.SELLER_HIGH_CANCELLATION_RATIO: Says.HIGH_RATIO,
    Factor.BUYER_DUPLICATE_ORDER: Says.DUPLICATE,
    Factor.BUYER_ASKED_FOR_A_CHANGE: Says.CHANGE_ASKED,
    Factor.CHAT_TRIED_TO_KEEP_THE_ORDER: Says.KEPT,
    Factor.FULFILLMENT_SHIPPED_OR_READY: Says.READY,
    Factor.LOGISTICS_COURIER_DELAY: Says.COURIER,
    Factor.EVIDENCE_CONFLICTING_ACCOUNTS: Says.CONFLICT,
    Factor.EVIDENCE_UNREADABLE: Says.UNREADABLE,
    Factor.EVIDENCE_MOVED_OFF_PLATFORM: Says.MOVED,
}
_IN_CHAT = {
    Factor.BUYER_CHANGED_MIND: (Says.CHANGED_MIND, {Act.B_CHANGE_MIND}),
    Factor.BUYER_BETTER_PRICE: (Says.CHEAPER, {Act.B_FOUND_CHEAPER}),
    Factor.BUYER_WRONG_ITEM_OR_ADDRESS: (Says.WRONG, {Act.B_WRONG_ITEM, Act.B_WRONG_ADDRESS}),
    Factor.BUYER_PAYMENT_PROBLEM: (Says.PAYMENT, {Act.B_PAYMENT_PROBLEM}),
}
# True of every label of the verdict that is still too short.
_FILLERS = {
    Verdict.INDUCED: (Says.DECIDES, Says.NO_OTHER_CAUSE),
    Verdict.NOT_INDUCED: (Says.NO_REQUEST, Says.NOT_SELLER),
    Verdict.INCONCLUSIVE: (Says.UNDECIDED, Says.NOTHING_MORE),
}
_HOSTILE = (Act.X_HOSTILE_FOR_SELLER, Act.X_HOSTILE_FOR_BUYER)


def reasoning_of(evidence: Evidence, rule: Rule, factors: tuple[Factor, ...], draw: int) -> str:
    """Sentences for a label; the same `draw` chooses the same wordings."""
    said = list(dict.fromkeys([*_main(evidence, rule, factors), *_weighing(evidence, rule)]))
    numbers = _Numbers(evidence)
    sentences: list[str] = []
    for position, kind in enumerate(said):
        wordings = WORDINGS[kind]
        sentence = numbers.fill(kind, wordings[(draw // 7 ** (position % 8) + 3 * position) % len(wordings)])
        if sum(map(len, sentences)) + len(sentence) + 2 * len(sentences) + 2 > LONGEST - 40:
            break
        sentences.append(sentence)
    for filler in _FILLERS[rule.verdict]:
        if sum(map(len, sentences)) + 2 * len(sentences) >= SHORTEST + 4:
            break
        if filler not in said:
            sentences.append(WORDINGS[filler][draw % len(WORDINGS[filler])])
    return _joined(sentences, draw)


def _main(e: Evidence, rule: Rule, factors: tuple[Factor, ...]) -> list[Says]:
    said: list[Says] = []
    for factor in factors:
        said += _about(e, rule, factor)
    if rule in {Rule.REFUSAL, Rule.STOCK_OUT}:
        said.insert(1, Says.LEFT_TO_BUYER)
    if rule is Rule.CALL and not e.facts.has_telling_call:
        said.insert(0, Says.CALL_ALLUDED)
    if rule is Rule.BLAMED_UNHEARD:
        said.insert(0, Says.BLAMED)
    if rule is Rule.ANSWERED:
        said = [Says.ANSWERED, *said] if e.answered else said
    return said


def _about(e: Evidence, rule: Rule, factor: Factor) -> list[Says]:
    if factor is Factor.CHAT_ASKED_TO_CANCEL:
        asked = [a.act for a in e.requests]
        first = Says.INVITED if set(asked) == {Act.S_CANCEL_IF_CANT_WAIT} else Says.ASKED
        return [first, *([Says.COACHED] if Act.S_COACH_REASON in asked else [])]
    if factor is Factor.CALL_FROM_SELLER:
        shown = [Says.CALL] if e.facts.answered_seller_calls else []
        return [*shown, *([Says.CALL_UNEXPLAINED] if rule is Rule.CALL else [])]
    if factor in _IN_CHAT:
        says, acts = _IN_CHAT[factor]
        return [says] if acts & e.kinds else [Says.CLICK_ALONE]
    if factor is Factor.EVIDENCE_INSUFFICIENT:
        return [Says.UNANSWERED] if rule is Rule.MILDLY_LATE_UNANSWERED else [Says.UNDECIDED]
    if factor in {Factor.FULFILLMENT_WITHIN_PROMISED_TIME, Factor.FULFILLMENT_MISSED_SHIP_DEADLINE}:
        return _lateness(e)
    # An answered question bears the factor too, for want of a nearer one; it is then not a fact to state.
    merely_answered = factor is Factor.CHAT_TRIED_TO_KEEP_THE_ORDER and not KEEPING & e.kinds
    return [] if merely_answered else [_BY_FACTOR[factor]]


def _weighing(e: Evidence, rule: Rule) -> list[Says]:
    """What an annotator adds: how late it was, and why the click counts or does not."""
    said: list[Says] = []
    if any(act in e.kinds for act in _HOSTILE):
        said.append(Says.MANIPULATION)
    if rule.verdict is not Verdict.NOT_INDUCED or rule in {Rule.ANSWERED, Rule.KEPT, Rule.CLICKED_REASON}:
        said += _lateness(e)
    if rule in {Rule.LAPSE, Rule.SILENCE}:
        said.append(Says.NO_OTHER_CAUSE)
    if rule.verdict is Verdict.INDUCED and e.facts.case.order.buyer_reason in CLICK_FACTORS:
        said.append(Says.CLICK_OUTWEIGHED)
    if rule in {Rule.LAPSE, Rule.STALLING} and overloaded(e):
        said.append(Says.OVERLOADED)
    if rule in {Rule.IN_TIME, Rule.READY}:
        said.append(Says.NO_REQUEST)
    return said


def _lateness(e: Evidence) -> list[Says]:
    """Hours count from the first promise, as in the narrative; a later date agreed in chat is said beside it."""
    if e.facts.hours_late is None:
        return [Says.PROMISE_UNKNOWN]
    if e.facts.hours_late <= 0:
        return [Says.IN_TIME if e.facts.handed_over_at is None else Says.HANDED_OVER_EARLY]
    return [Says.LATE, *([Says.AGREED_LATER] if e.agreed_to_wait else [])]


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Fills a statement's slots from the evidence; hours and seconds are rounded down, as in the narrative."""

    evidence: Evidence

    def fill(self, kind: Says, wording: str) -> str:
        e = self.evidence
        call = e.facts.answered_seller_calls[-1] if e.facts.answered_seller_calls else None
        return wording.format(
            hours=int(abs(self._hours(kind))),
            count=self._count(kind),
            seconds=int((call.seconds or 0.0) if call else 0.0),
            before=f"{call.hours_before:.1f}" if call else "0.0",
            click=(e.facts.case.order.buyer_reason or BuyerReason.OTHER).replace("_", " "),
        )

    def _hours(self, kind: Says) -> float:
        if kind in {Says.IGNORED, Says.UNANSWERED}:
            return self.evidence.silence.hours
        return self.evidence.facts.hours_late or 0.0

    def _count(self, kind: Says) -> int:
        facts = self.evidence.facts
        if kind is Says.STALLED:
            return facts.extensions or 0
        if kind is Says.SAME_ITEM:
            return facts.same_item_cancelled or 0
        if kind is Says.HIGH_RATIO:
            return int(100.0 * (facts.cancelled_share_30d or 0.0))
        return facts.concurrent_open or 0


def _joined(sentences: list[str], draw: int) -> str:
    """Full sentences; now and then two are joined by "and"."""
    text = ""
    for position, sentence in enumerate(sentences):
        if (
            position == 1
            and draw % 3 == 0
            and sentence[0].isalpha()
            and not sentence.startswith("The buyer's")
        ):
            text += " and " + sentence[0].lower() + sentence[1:]
        elif text:
            text += ". " + sentence
        else:
            text = sentence
    return text + "."

"""What the legacy rules say, and what they are known not to see.

Takes: small cases built here. Gives: failures that name the rule. Does not start anything.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from baselines.rule_list import RULES
from baselines.rules_config import MIN_FIRED, RuleCount, RulesPrecision, fingerprint, read_rules
from baselines.rules_measure import measure, to_toml
from baselines.rules_v1 import PRECISION_FILE, RulesV1
from cases.case import (
    BuyerReason,
    Call,
    CallDirection,
    Case,
    ChatKind,
    ChatMessage,
    ConcurrentOrder,
    FulfillmentEvent,
    FulfillmentKind,
    Label,
    LabelledCase,
    Order,
    Seller,
    Sender,
)
from cases.errors import ConfigError
from cases.factor import Factor, factors_for
from cases.verdict import Verdict

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)


def _hours(count: float) -> timedelta:
    return timedelta(hours=count)


def _case(*, late: float | None = -10.0, clicked: BuyerReason | None = None, **parts: object) -> Case:
    """A case cancelled at NOW, `late` hours past its promise (None: no promise)."""
    order = Order(
        order_id="o1",
        placed_at=NOW - _hours(240),
        cancelled_at=NOW,
        promised_ship_at=None if late is None else NOW - _hours(late),
        buyer_reason=clicked,
    )
    return Case.model_validate({"case_id": "c1", "market": "SG", "order": order, **parts})


def _said(sender: Sender, *texts: str, hours_before: float = 5.0) -> tuple[ChatMessage, ...]:
    return tuple(
        ChatMessage(at=NOW - _hours(hours_before), sender=sender, text=t, kind=ChatKind.TEXT) for t in texts
    )


def _event(kind: FulfillmentKind, hours_before: float) -> FulfillmentEvent:
    return FulfillmentEvent(at=NOW - _hours(hours_before), event=kind)


def _others(count: int, **fields: object) -> tuple[ConcurrentOrder, ...]:
    return tuple(ConcurrentOrder.model_validate({"order_id": f"x{n}", **fields}) for n in range(count))


@pytest.fixture(scope="module")
def rules(root: Path) -> RulesV1:
    """The shipped rules, without a precision file."""
    return RulesV1(read_rules(root / "config" / "rules_v1.toml"))


FIRING: dict[str, tuple[Case, Verdict]] = {
    "explicit_request": (
        _case(
            clicked=BuyerReason.CHANGE_OF_MIND,
            chat=_said(Sender.SELLER, "Hi dear, please cancel the order from your side ya"),
        ),
        Verdict.INDUCED,
    ),
    "stock_out_event": (_case(fulfillment=(_event(FulfillmentKind.STOCK_OUT, 3),)), Verdict.INDUCED),
    "with_the_courier": (
        _case(late=90, fulfillment=(_event(FulfillmentKind.HANDED_OVER, 3),)),
        Verdict.NOT_INDUCED,
    ),
    "clicked_own_reason": (_case(late=90, clicked=BuyerReason.FOUND_CHEAPER), Verdict.NOT_INDUCED),
    "request_and_second_signal": (
        _case(late=3, chat=_said(Sender.SELLER, "can cancel? thanks")),
        Verdict.INDUCED,
    ),
    "stock_and_click": (
        _case(clicked=BuyerReason.OUT_OF_STOCK, chat=_said(Sender.SELLER, "Sorry, it is sold out.")),
        Verdict.INDUCED,
    ),
    "reorder": (
        _case(chat=_said(Sender.SELLER, "you cancel and place a new order pls")),
        Verdict.INDUCED,
    ),
    "off_platform": (_case(chat=_said(Sender.SELLER, "PayNow me, save the fees")), Verdict.INDUCED),
    "buyer_said_own_reason": (
        _case(late=90, chat=_said(Sender.BUYER, "sorry, ordered the wrong one")),
        Verdict.NOT_INDUCED,
    ),
    "overdue": (_case(late=80), Verdict.INDUCED),
    "many_extensions": (
        _case(late=5, fulfillment=tuple(_event(FulfillmentKind.DEADLINE_EXTENDED, h) for h in (30, 20, 10))),
        Verdict.INDUCED,
    ),
    "unanswered": (_case(chat=_said(Sender.BUYER, "hello?", hours_before=50)), Verdict.INDUCED),
    "clicked_seller_and_late": (_case(late=30, clicked=BuyerReason.SELLER_ASKED), Verdict.INDUCED),
    "late_at_a_poor_seller": (
        _case(late=30, seller=Seller(orders_30d=100, cancelled_30d=40)),
        Verdict.INDUCED,
    ),
    "clicked_seller_only": (_case(clicked=BuyerReason.SELLER_ASKED), Verdict.INCONCLUSIVE),
    "within_promise": (_case(), Verdict.NOT_INDUCED),
    "nothing_readable": (
        _case(late=None, chat=(ChatMessage(at=NOW - _hours(5), sender=Sender.BUYER, kind=ChatKind.VOICE),)),
        Verdict.INCONCLUSIVE,
    ),
    "no_rule_fired": (_case(late=12), Verdict.INCONCLUSIVE),
}


@pytest.mark.parametrize("name", list(RULES))
def test_each_rule_fires_on_its_own_case(rules: RulesV1, name: str) -> None:
    """Every rule decides the case written for it, with factors of its verdict and a reasoning that fits."""
    case, verdict = FIRING[name]
    decided = rules.decide(case)
    assert (decided.rule, decided.verdict) == (name, verdict)
    assert set(decided.factors) <= set(factors_for(verdict))
    assert 1 <= len(decided.factors) <= 3
    assert 20 <= len(decided.reasoning) <= 600
    assert decided.measured_precision is None


def test_calls_are_never_read(rules: RulesV1) -> None:
    """A long call from the seller right before the cancellation changes nothing."""
    call = Call(at=NOW - _hours(1), direction=CallDirection.SELLER_TO_BUYER, answered=True, seconds=180.0)
    for case, _ in FIRING.values():
        assert rules.decide(case.model_copy(update={"calls": (call,)})) == rules.decide(case)


def test_a_long_list_of_other_orders_excuses_a_delay(rules: RulesV1) -> None:
    """Ten listed orders buy two days of grace, even when all of them were shipped long ago."""
    shipped = _others(10, placed_at=NOW - _hours(300), shipped_at=NOW - _hours(200))
    assert rules.decide(_case(late=80)).verdict is Verdict.INDUCED
    assert rules.decide(_case(late=80, concurrent_orders=shipped)).verdict is Verdict.INCONCLUSIVE
    excused = rules.decide(_case(late=40, concurrent_orders=shipped))
    assert excused.verdict is Verdict.NOT_INDUCED
    assert "48 h granted to a busy seller" in excused.reasoning


def test_the_same_item_cancelled_elsewhere_goes_unseen(rules: RulesV1) -> None:
    """Cancelled concurrent orders of the same item do not count as a sign of a stock-out."""
    cancelled = _others(5, placed_at=NOW - _hours(90), cancelled_at=NOW - _hours(2), same_item=True)
    assert rules.decide(_case(concurrent_orders=cancelled)) == rules.decide(_case())


def test_words_outside_the_old_list_go_unseen(rules: RulesV1) -> None:
    """A plain request in wording that the list lacks is not found: the list is stale."""
    case = _case(late=10, chat=_said(Sender.SELLER, "batalin aja ya sis"))
    assert rules.decide(case).verdict is not Verdict.INDUCED


def test_the_buyer_cannot_ask_itself(rules: RulesV1) -> None:
    """Request keywords count in the seller's messages only."""
    case = _case(late=10, chat=_said(Sender.BUYER, "please cancel the order from your side"))
    assert Factor.CHAT_ASKED_TO_CANCEL not in rules.decide(case).factors


def test_precision_is_reported_from_the_file(root: Path, tmp_path: Path) -> None:
    """The precision that was measured, written and read again is what a verdict carries."""
    config = tmp_path / "rules_v1.toml"
    config.write_bytes((root / "config" / "rules_v1.toml").read_bytes())
    label = Label(verdict=Verdict.INDUCED, decision_factors=(Factor.CHAT_ASKED_TO_CANCEL,))
    cases = [LabelledCase.model_validate({**dict(_case()), "label": label}) for _ in range(MIN_FIRED)]
    cases += [LabelledCase.model_validate(dict(FIRING["overdue"][0]) | {"label": label})] * (MIN_FIRED - 1)
    found = measure(RulesV1.load(config), config, cases, data='built "here"')
    (tmp_path / PRECISION_FILE).write_text(to_toml(found), encoding="utf-8")
    loaded = RulesV1.load(config)
    assert found.rules["within_promise"] == RuleCount(fired=MIN_FIRED, right=0)
    assert loaded.decide(_case()).measured_precision == 0.0
    assert loaded.decide(FIRING["overdue"][0]).measured_precision is None, "too few firings to say"


def test_a_precision_of_other_rules_is_refused(root: Path, tmp_path: Path) -> None:
    """Rules that were changed after the measurement do not start with the old figures."""
    config = tmp_path / "rules_v1.toml"
    text = (root / "config" / "rules_v1.toml").read_text(encoding="utf-8")
    config.write_text(text, encoding="utf-8")
    found = RulesPrecision(rules_sha256=fingerprint(config), data="none", cases=0, rules={})
    (tmp_path / PRECISION_FILE).write_text(to_toml(found), encoding="utf-8")
    RulesV1.load(config)
    config.write_text(text.replace("extensions = 3", "extensions = 4"), encoding="utf-8")
    with pytest.raises(ConfigError, match="verdict rules measure"):
        RulesV1.load(config)


def test_a_bad_rules_file_names_its_fault(tmp_path: Path) -> None:
    """A missing file, broken TOML and a wrong value are errors of the operator, each with its place."""
    config = tmp_path / "rules_v1.toml"
    with pytest.raises(ConfigError, match="cannot read"):
        RulesV1.load(config)
    config.write_text("version = ", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot read"):
        RulesV1.load(config)
    config.write_text('version = "v"\n[keyword_thresholds]\nplain = "x"\nstrong = 2.0\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"keyword_thresholds\.plain"):
        RulesV1.load(config)

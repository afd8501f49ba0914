"""The 68 features: their list, their page, their values on a known case, and that none repeats another.

Takes: small cases and a seeded stream of random ones. Gives: failures that name the feature. Does not start anything.
"""

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases.case import parse_case
from cases.feature_spec import Family
from cases.features import FEATURES, compute_features, features_table
from cases.market import Markets
from marketplace.settings import SimulationSettings
from marketplace.simulate import simulate
from tests.fixtures.case_records import Json, at, full_case

MAX_RANK_CORRELATION = 0.98
_FEWEST_CASES = 50  # below it a high correlation is chance


def measured(obj: Json, markets: Markets) -> dict[str, float]:
    """The features of a case by name."""
    values = compute_features(parse_case(obj, markets=markets))
    return {spec.name: value for spec, value in zip(FEATURES, values.tolist(), strict=True)}


def test_there_are_68_in_four_families() -> None:
    """18 fulfilment, 7 seller, 38 communication, 5 order, each with a name of its own."""
    assert Counter(spec.family for spec in FEATURES) == {
        Family.FULFILMENT: 18,
        Family.SELLER: 7,
        Family.COMMUNICATION: 38,
        Family.ORDER: 5,
    }
    assert len({spec.name for spec in FEATURES}) == len({spec.description for spec in FEATURES}) == 68


def test_the_page_of_features_is_current(root: Path) -> None:
    """docs/features.md is what the code writes; `make docs` brings it up to date."""
    assert (root / "docs" / "features.md").read_text(encoding="utf-8") == features_table()


def test_the_array_is_float64_of_68(markets: Markets) -> None:
    """Shape and type are what a model file expects."""
    array = compute_features(parse_case(full_case(), markets=markets))
    assert array.shape == (68,)
    assert array.dtype == np.float64


def test_a_known_case_measures_so(markets: Markets) -> None:
    """Values worked out by hand from the full case."""
    found = measured(full_case(), markets)
    expected = {
        "hours_open": 72.0,
        "promised_hours": 42.0,
        "hours_late": 30.0,
        "promise_used_share": 72 / 42,
        "extensions": 2.0,
        "extension_total_hours": 50.0,
        "extensions_after_promise": 2.0,
        "last_extension_hours_before": 9.0,
        "deadline_missed_events": 1.0,
        "stock_out": 0.0,
        "packed": 0.0,
        "handed_over": 0.0,
        "quiet_share": 9 / 72,
        "seller_orders_30d": 120.0,
        "seller_active_hours_24h": 0.0,
        "seller_active_while_waiting_hours": 1.5,
        "seller_last_active_hours_before": 25.0,
        "seller_longest_offline_hours": 13.0,
        "buyer_messages": 3.0,
        "seller_messages": 1.0,
        "seller_message_share": 0.25,
        "buyer_mean_chars": 8.0,
        "unreadable_messages": 1.0,
        "seller_opened": 0.0,
        "seller_spoke_last": 0.0,
        "buyer_messages_24h": 1.0,
        "buyer_messages_after_promise": 2.0,
        "first_reply_minutes": 60.0,
        "reply_slowdown": 2.0,
        "buyer_median_reply_minutes": 750.0,
        "buyer_runs": 2.0,
        "long_silences": 1.0,
        "open_question_hours": 26.5,
        "open_question_messages": 2.0,
        "seller_calls_answered": 1.0,
        "seller_call_longest_seconds": 45.0,
        "buyer_calls": 0.0,
        "order_value": 25.9,
        "concurrent_open": 1.0,
        "same_item_cancelled_share": 1 / 3,
        "seller_cancellation_ratio": 0.1,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert math.isnan(found["packing_hours"])


def test_words_do_not_matter(markets: Markets) -> None:
    """Other words of the same length, in another script, give the same numbers."""
    other = full_case()
    for message in other["chat"]:
        if "text" in message:
            message["text"] = "好" * len(message["text"])
    for event in other["fulfillment"]:
        event["note"] = "ไม่มีของ"
    other["order"]["category"] = "другое"
    np.testing.assert_equal(measured(other, markets), measured(full_case(), markets))


def test_an_empty_section_is_known_to_hold_nothing(markets: Markets) -> None:
    """Where a missing section is NaN, an empty one counts zero."""
    found = measured({**full_case(), "chat": [], "calls": [], "fulfillment": []}, markets)
    names = (
        "buyer_messages",
        "open_question_hours",
        "seller_calls",
        "extensions",
        "stock_out",
        "handed_over",
    )
    assert {found[name] for name in names} == {0.0}


def test_no_feature_is_constant_and_none_repeats_another(markets: Markets) -> None:
    """Over records that vary in everything, each feature varies and no two rank cases alike (above 0.98)."""
    stream = random.Random(7)
    cases = [parse_case(_random_case(stream), markets=markets) for _ in range(400)]
    values = np.array([compute_features(case) for case in cases])
    known = ~np.isnan(values)
    constant = [spec.name for i, spec in enumerate(FEATURES) if len(set(values[known[:, i], i])) < 2]
    assert constant == []
    assert _twins(values, known) == []


def test_no_two_features_rank_simulated_cases_alike(markets: Markets) -> None:
    """Nor do two features repeat each other where one kind of event tends to follow another, as in the market."""
    settings = SimulationSettings(markets=("SG", "ID", "BR"), seed=11, cases_per_market=200)
    values = np.array([compute_features(simulated.case) for simulated in simulate(settings, markets)])
    assert _twins(values, ~np.isnan(values)) == []


def _twins(values: np.ndarray, known: np.ndarray) -> list[tuple[str, str]]:
    """The pairs whose Spearman correlation, over the cases where both are known, lies above the limit."""
    twins = []
    for i in range(len(FEATURES)):
        for j in range(i):
            both = known[:, i] & known[:, j]
            ranks = np.array([_ranks(values[both, i]), _ranks(values[both, j])])
            vary = both.sum() >= _FEWEST_CASES and bool(ranks.std(axis=1).all())
            if vary and abs(np.corrcoef(ranks)[0, 1]) > MAX_RANK_CORRELATION:
                twins.append((FEATURES[j].name, FEATURES[i].name))
    return twins


def _ranks(values: np.ndarray) -> np.ndarray:
    """The ranks of `values`, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2.0)[inverse]


class _RandomRecord:
    """Draws the parts of a case that may hold anything a platform records, most of them present."""

    def __init__(self, stream: random.Random) -> None:
        self.stream = stream
        self.placed = stream.uniform(-200, -20)

    def moment(self) -> str:
        return at(self.stream.uniform(self.placed, 0))

    def sometimes(self, value: Any) -> Any:
        return value if self.stream.random() < 0.7 else None

    def several(self, most: int, make: Any) -> list[Any]:
        return [make() for _ in range(self.stream.randint(0, most))]

    def event(self) -> Json:
        kinds = ("deadline_extended", "deadline_missed", "stock_out", "packed", "handed_over", "update")
        return {
            "at": self.moment(),
            "event": self.stream.choice(kinds),
            "new_deadline": self.sometimes(at(self.stream.uniform(-90, 90))),
        }

    def message(self) -> Json:
        kinds = ("text", "text", "text", "image", "sticker", "order_card", "voucher")
        words = self.stream.choice(["ok", "when will you ship it", "x" * self.stream.randint(3, 80)])
        sender = self.stream.choice(("buyer", "buyer", "seller", "seller", "system"))
        text = self.sometimes(words)
        return {"at": self.moment(), "sender": sender, "kind": self.stream.choice(kinds), "text": text}

    def instant(self, chat: list[Json]) -> list[Json]:
        buyer = [message for message in chat if message["sender"] == "buyer"]
        return [{**message, "sender": "seller"} for message in buyer if self.stream.random() < 0.2]

    def call(self) -> Json:
        direction = self.stream.choice(("seller_to_buyer", "buyer_to_seller"))
        answered, seconds = self.stream.random() < 0.6, self.stream.uniform(1, 300)
        return {"at": self.moment(), "direction": direction, "answered": answered, "seconds": seconds}

    def other(self) -> Json:
        return {"cancelled_at": self.sometimes(self.moment()), "same_item": self.stream.random() < 0.5}

    def presence(self) -> Json:
        begin = self.stream.uniform(-72, 0)
        state = self.stream.choice(("active", "idle", "offline"))
        return {"from": at(begin), "to": at(begin + self.stream.uniform(0, 12)), "state": state}


def _random_case(stream: random.Random) -> Json:
    """A case that may hold anything a platform records, each part present as a rule but not always."""
    draw = _RandomRecord(stream)
    orders = stream.randint(1, 500)
    chat = draw.several(9, draw.message)
    return {
        "case_id": "c-1",
        "market": "SG",
        "order": {
            "order_id": "o-1",
            "placed_at": at(draw.placed),
            "cancelled_at": at(0),
            "promised_ship_at": draw.sometimes(at(stream.uniform(draw.placed, 60))),
            "shipped_at": draw.sometimes(None),
            "value": draw.sometimes(stream.lognormvariate(3, 1)),
        },
        "fulfillment": draw.sometimes(draw.several(6, draw.event)),
        "chat": draw.sometimes(chat + draw.instant(chat)),
        "calls": draw.sometimes(draw.several(4, draw.call)),
        "concurrent_orders": draw.sometimes(draw.several(12, draw.other)),
        "seller": {
            "orders_30d": draw.sometimes(orders),
            "completed_30d": draw.sometimes(stream.randint(0, orders)),
            "cancelled_30d": draw.sometimes(stream.randint(0, orders)),
            "mean_processing_hours_30d": draw.sometimes(stream.uniform(1, 90)),
            "mean_reply_minutes_30d": draw.sometimes(stream.uniform(1, 900)),
            "presence": draw.sometimes(draw.several(5, draw.presence)),
        },
    }


def test_a_text_of_nothing_visible_has_no_length(markets: Markets) -> None:
    """Invisible characters beside a picture count as little as no text at all."""
    hidden = full_case()
    hidden["chat"][3]["text"] = "\u200b\u2060"
    assert measured(hidden, markets) == pytest.approx(measured(full_case(), markets), nan_ok=True)

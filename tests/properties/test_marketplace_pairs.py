"""Counterfactual pairs and hostile trios differ in one thing, and the policy says what it should.

Takes: pairs of two markets. Gives: failures that name the change.
"""

from collections import Counter
from pathlib import Path

import pytest

from cases.case import Case, Sender
from cases.market import load_markets
from cases.verdict import Verdict
from marketplace.counterfactual import CounterfactualPair, counterfactual_pairs
from marketplace.hostile import HostileForm, HostileTrio, hostile_trios
from marketplace.settings import SimulationSettings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = SimulationSettings(("SG", "BR"), seed=3, cases_per_market=80, split="test")


@pytest.fixture(scope="module")
def pairs() -> tuple[CounterfactualPair, ...]:
    """Pairs of two markets."""
    return tuple(counterfactual_pairs(SETTINGS, load_markets(ROOT / "config/markets")))


@pytest.fixture(scope="module")
def trios() -> tuple[HostileTrio, ...]:
    """Trios of two markets."""
    return tuple(hostile_trios(SETTINGS, load_markets(ROOT / "config/markets")))


def test_a_pair_differs_in_one_field_and_in_its_verdict(pairs: tuple[CounterfactualPair, ...]) -> None:
    """One message, call or event, or the promise with its own event; ids, seller and buyer are the same."""
    assert len(pairs) == 160
    for pair in pairs:
        assert pair.original.label.verdict is not pair.changed.label.verdict
        assert _changed_fields(pair.original.case, pair.changed.case) in (
            {"chat"},
            {"calls"},
            {"fulfillment"},
            {"order", "fulfillment"},
        ), pair.change


def test_a_changed_chat_has_one_other_line(pairs: tuple[CounterfactualPair, ...]) -> None:
    """Same number of lines, and all but one the same."""
    for pair in pairs:
        before, after = pair.original.case.chat or (), pair.changed.case.chat or ()
        assert len(before) == len(after)
        assert sum(a != b for a, b in zip(before, after, strict=True)) <= 1


def test_pairs_are_of_many_kinds_and_directions(pairs: tuple[CounterfactualPair, ...]) -> None:
    """No kind of change makes up more than a quarter, and verdicts change in both directions."""
    kinds = Counter(pair.change for pair in pairs)
    turns = {(pair.original.label.verdict, pair.changed.label.verdict) for pair in pairs}
    assert len(kinds) >= 7
    assert max(kinds.values()) <= len(pairs) / 4
    assert {(Verdict.INDUCED, Verdict.NOT_INDUCED), (Verdict.NOT_INDUCED, Verdict.INDUCED)} <= turns


def test_hostile_text_changes_no_label(trios: tuple[HostileTrio, ...]) -> None:
    """The policy gives all three of a trio the same verdict and factors."""
    assert len(trios) == 160
    for trio in trios:
        labels = [case.label for case in (trio.plain, trio.hostile, trio.neutral)]
        assert len({label.verdict for label in labels}) == 1


def test_hostile_and_neutral_text_are_of_equal_length(trios: tuple[HostileTrio, ...]) -> None:
    """One line more, at the same place, by the same author, with the same number of characters."""
    for trio in trios:
        hostile, neutral = trio.hostile.case.chat or (), trio.neutral.case.chat or ()
        assert len(hostile) == len(neutral) == len(trio.plain.case.chat or ()) + 1
        ((a, b),) = [(a, b) for a, b in zip(hostile, neutral, strict=True) if a != b]
        assert (a.at, a.sender, len(a.text or "")) == (b.at, trio.author, len(b.text or ""))


def test_authors_and_forms_alternate(trios: tuple[HostileTrio, ...]) -> None:
    """Seller and buyer, plain orders, fake tags, invisible characters and other languages, in equal parts."""
    kinds = Counter((trio.author, trio.form) for trio in trios)
    assert set(kinds) == {(author, form) for author in (Sender.SELLER, Sender.BUYER) for form in HostileForm}
    assert max(kinds.values()) - min(kinds.values()) <= 4


def _changed_fields(before: Case, after: Case) -> set[str]:
    return {name for name in Case.model_fields if getattr(before, name) != getattr(after, name)}

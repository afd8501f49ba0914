"""Pairs: what counts as following, and what as a flip in the author's favour.

Takes: a few simulated pairs and made-up verdicts. Gives: failures of counting. Asks no model.
"""

import pytest

from cases.case import Sender
from cases.market import Markets
from cases.verdict import VERDICTS, Verdict
from eval.pairs import flips, followed, in_favour, make_counterfactuals, make_trios

YES, NO, OPEN = VERDICTS


@pytest.mark.parametrize(
    ("author", "plain", "with_text", "flipped"),
    [
        (Sender.SELLER, YES, NO, True),
        (Sender.SELLER, YES, OPEN, True),
        (Sender.SELLER, OPEN, NO, True),
        (Sender.SELLER, NO, YES, False),
        (Sender.SELLER, NO, NO, False),
        (Sender.BUYER, NO, YES, True),
        (Sender.BUYER, NO, OPEN, True),
        (Sender.BUYER, YES, NO, False),
    ],
)
def test_favour_depends_on_the_author(
    author: Sender, plain: Verdict, with_text: Verdict, *, flipped: bool
) -> None:
    """A seller gains by every step away from induced, a buyer by every step towards it."""
    assert in_favour(author, plain, with_text) is flipped


def test_following_asks_for_both_sides(markets: Markets) -> None:
    """A model that is right follows everywhere; one that never moves follows nowhere, half right as it is."""
    pairs = make_counterfactuals(("SG", "BR"), 5, 3, markets)
    before, after = [p.original.label.verdict for p in pairs], [p.changed.label.verdict for p in pairs]
    right, stuck = followed(pairs, before, after), followed(pairs, before, before)
    assert (right.pairs, right.followed, right.changed) == (5, 5, 5)
    assert (stuck.followed, stuck.changed, stuck.original_right) == (0, 0, 5)
    assert sum(seen for _, seen in right.by_change.values()) == 5


def test_flips_are_counted_against_the_plain_case(markets: Markets) -> None:
    """Only hostile text that moves the verdict its author's way is an excess over neutral text."""
    trios = make_trios(("SG",), 4, 3, markets)
    plain = [YES if trio.author is Sender.SELLER else NO for trio in trios]
    moved = [trio.wanted for trio in trios]
    found = flips(trios, plain, moved, plain)
    assert (found.pairs, found.hostile, found.neutral, found.excess_points) == (4, 4, 0, 100.0)
    assert flips(trios, plain, plain, moved).excess_points == -100.0
    assert flips([], [], [], []).excess_points == 0.0

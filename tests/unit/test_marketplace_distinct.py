"""Near twins are found, and the shipped packs are as large as they say.

Takes: small lists, and every shipped pack. Gives: failures that show the pair.
"""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.acts import Act
from marketplace.distinct import NEAR, distinct, near_twins, tokens
from marketplace.market_facts import language_of_every_market
from marketplace.packs import SLOT, load_pack
from marketplace.style import plain

SMALLEST_PACK = 1_200
LONG = 24  # characters; shorter ones are common phrases


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("No stock already, sorry", "no stock already SORRY!! 🙏"),
        ("send {weekday} ok", "send {days} ok"),
        ("we ran out of this one today sir", "we ran out of this one today madam"),
        ("缺貨了喔，請取消", "缺貨了喔，請取消！"),
    ],
)
def test_near_twins_are_found(one: str, other: str) -> None:
    """Case, slots, emoji, punctuation and one word of several make no new wording."""
    assert list(near_twins([one, other])) == [(other, one)]
    assert distinct([one, other]) == 1


def test_other_words_make_another_wording() -> None:
    """The same meaning in other words counts."""
    assert not list(near_twins(["no stock already", "sold out liao", "缺貨了", "賣完了"]))


@given(st.lists(st.text(alphabet="ab cde", max_size=14), max_size=14))
def test_nothing_is_missed(wordings: list[str]) -> None:
    """The filtered search finds the pairs that comparing all with all finds."""
    named = [f"{wording} w{place}" for place, wording in enumerate(wordings)]
    sets = {wording: tokens(wording) for wording in named}
    slow = {
        (later, earlier)
        for earlier, later in combinations(named, 2)
        if len(sets[earlier] & sets[later]) * NEAR.denominator
        >= NEAR.numerator * len(sets[earlier] | sets[later])
    }
    assert set(near_twins(named)) == slow


@pytest.mark.parametrize("language", language_of_every_market())
def test_a_pack_is_large_and_without_twins(language: str) -> None:
    """Every language has at least 1,200 wordings that differ from each other by more than case, slots and one word."""
    pack = load_pack(language)
    wordings = [w for act in Act for held_out in (False, True) for w in pack.wordings(act, held_out=held_out)]
    assert distinct(wordings) >= SMALLEST_PACK


@pytest.mark.parametrize("language", language_of_every_market())
def test_no_held_out_wording_stands_inside_a_training_one(language: str) -> None:
    """A longer wording for training that holds one of the test's would teach it."""
    pack = load_pack(language)
    training = "\n".join(plain(w).casefold() for act in Act for w in pack.train[act])
    held_out = [w for act in Act for w in pack.held_out[act] if not SLOT.search(w) and len(w) > LONG]
    assert [w for w in held_out if plain(w).casefold().rstrip(".") in training] == []

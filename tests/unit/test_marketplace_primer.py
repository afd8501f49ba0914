"""Primers: every act in turn, in training wordings only, each line with the acts that were put into it.

Takes: primers of one simulated market. Gives: failures that name the act or line.
"""

from collections import Counter
from itertools import islice
from random import Random

import pytest

from cases.market import Markets
from cases.narrative import narrate
from marketplace.acts import FAMILIES, Act
from marketplace.primer import Primer, primers
from marketplace.reading import line_glosses
from marketplace.settings import SimulationSettings
from marketplace.simulate import worlds_of

COUNT = 150


@pytest.fixture(scope="module")
def made(markets: Markets) -> list[Primer]:
    """Some primers."""
    world = worlds_of(SimulationSettings(("SG",), 5, 1, "train"), markets)[0]
    return list(islice(primers(world.observed("primers"), Random(3)), COUNT))


def test_rare_acts_come_as_often_as_common_ones(made: list[Primer]) -> None:
    """All acts but hostile text are there, none more than four times as often as another."""
    seen = Counter(uttered.act for primer in made for uttered in primer.acts)
    assert set(seen) == set(Act) - set(FAMILIES["hostile"])
    assert max(seen.values()) <= 4 * min(seen.values())


def test_every_line_is_said_by_one_who_may_say_it_and_has_its_gloss(made: list[Primer]) -> None:
    """Sender and act agree; as many glosses as lines, in the order in which the narrative has them."""
    for primer in made:
        chat = primer.case.chat or ()
        assert all(uttered.sender in uttered.act.senders for uttered in primer.acts)
        assert all(chat[uttered.line_index].at == uttered.at for uttered in primer.acts)
        assert len(line_glosses(primer.case, primer.acts)) == len(chat)
        assert [m.at for m in chat] == sorted(m.at for m in chat if m.at)
    assert "seller: " in narrate(made[0].case).text


def test_the_same_generator_gives_the_same_primers(markets: Markets) -> None:
    """Reading is a pure function of the seed."""
    worlds = [worlds_of(SimulationSettings(("SG",), 5, 1, "train"), markets)[0] for _ in range(2)]
    first, second = (list(islice(primers(world.observed("p"), Random(1)), 5)) for world in worlds)
    assert first == second

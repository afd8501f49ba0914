"""What no text from outside can do to the narrative.

Takes: Hypothesis. Gives: failures with the smallest text that breaks the rule. Does not start anything.
"""

import re
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from cases.case import parse_case
from cases.market import Markets
from cases.narrative import narrate
from cases.neutral_text import neutral
from tests.fixtures.case_records import CASES, Json, at, full_case

ANY_TEXT = st.text(max_size=60)
TIMELINE_LINE = re.compile(
    r"-\d+\.\dh ((buyer|seller|system|unknown sender): |call |deadline |stock out|packed|handed over|in transit"
    r"|update|unknown event)"
)
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(text=ANY_TEXT)
def test_neutral_text_is_one_visible_line_without_markup(text: str) -> None:
    """Nothing invisible, no line break, no angle or square bracket is left of any text."""
    shown = neutral(text)
    assert not {unicodedata.category(char) for char in shown} & INVISIBLE
    assert not set("<>[]") & set(shown)
    assert len(shown.splitlines()) <= 1
    assert shown == shown.strip()


@given(text=ANY_TEXT)
def test_neutralising_twice_is_neutralising_once(text: str) -> None:
    """A text that is harmless already stays as it is."""
    assert neutral(neutral(text)) == neutral(text)


def test_every_invisible_character_of_unicode_is_covered() -> None:
    """Each control, format, private-use and surrogate character disappears, also one that this Python learns later."""
    left = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in INVISIBLE and neutral(f"a{chr(code)}b") not in ("ab", "a b")
    ]
    assert left == []


@given(case=CASES)
def test_every_line_of_the_narrative_is_ours(case: Json, markets: Markets) -> None:
    """Whatever the texts hold, the narrative has exactly the lines it means to have, each with its own beginning."""
    story = narrate(parse_case(case, markets=markets))
    assert len(story.text.splitlines()) == len(story.head) + len(story.timeline) + len(story.tail)
    for entry in story.timeline:
        assert TIMELINE_LINE.match(entry.text), entry.text
    assert story.tail[-1] == "cancelled now"
    assert not set("<>") & set(story.text)


@given(text=ANY_TEXT)
def test_a_message_cannot_leave_its_line(text: str, markets: Markets) -> None:
    """Any text in a message, a note or a category changes no other line of the narrative."""
    plain, hostile = full_case(), full_case()
    hostile["chat"][2]["text"] = text
    hostile["chat"][2]["at"] = plain["chat"][2]["at"] = at(-26.5)
    one, other = (narrate(parse_case(case, markets=markets)) for case in (plain, hostile))
    differing = [a for a, b in zip(one.timeline, other.timeline, strict=True) if a != b]
    assert len(differing) <= 1
    assert (one.head, one.tail) == (other.head, other.tail)

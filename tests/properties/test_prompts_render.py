"""What holds for the prompt of any narrative at all, however long or hostile."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.factor import Factor
from cases.market import Markets
from cases.narrative import Narrative, TimelineEntry
from cases.verdict import Verdict
from prompts.document import VERDICT_OPEN
from prompts.fit import fit_narrative
from prompts.render import Budgets, Exemplar, PromptRenderer, RenderedPrompt, render_prompt
from prompts.template import load_template
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import BEGIN_OF_TEXT, END_HEADER, END_OF_TURN, SPECIAL_TOKENS, START_HEADER
from tests.fixtures.small_tokenizer import small_tokenizer_json

BUDGETS = Budgets()
WORDS = st.sampled_from(
    (*SPECIAL_TOKENS, "<verdict>", "cancel pls", "没货了", "ย", "🙂", "a" * 50, "\ud800", "\n")
)
LINE = st.one_of(
    st.text(max_size=40),
    st.lists(WORDS, max_size=6).map(" ".join),
    st.tuples(WORDS, st.integers(1, 150)).map(lambda drawn: drawn[0] * drawn[1]),
)
ENTRY = st.builds(TimelineEntry, text=LINE, is_chat=st.booleans())
LINES = st.lists(LINE, max_size=4).map(tuple)
# Copies of few lines reach past the budget; drawing hundreds of them one by one would be slow.
TIMELINE = st.tuples(st.lists(ENTRY, max_size=6), st.integers(1, 40)).map(
    lambda drawn: tuple(drawn[0] * drawn[1])
)
NARRATIVE = st.builds(Narrative, head=LINES, timeline=TIMELINE, tail=LINES)
EXEMPLAR = st.builds(
    Exemplar,
    narrative=NARRATIVE,
    verdict=st.just(Verdict.INDUCED),
    factors=st.just((Factor.CHAT_IGNORED_BUYER,)),
)


@pytest.fixture(scope="module")
def tokenizer() -> PromptTokenizer:
    """A small one in Llama 3's form."""
    return PromptTokenizer(small_tokenizer_json())


@pytest.fixture(scope="module")
def renderer(tokenizer: PromptTokenizer) -> PromptRenderer:
    """One for the whole module, so that what it keeps between cases is tested too."""
    return PromptRenderer(load_template(), tokenizer)


def _specials(prompt: RenderedPrompt, tokenizer: PromptTokenizer) -> list[int]:
    return [token for token in prompt.ids if token in tokenizer.special_ids]


@given(narrative=NARRATIVE)
def test_any_case_keeps_its_budget(renderer: PromptRenderer, markets: Markets, narrative: Narrative) -> None:
    """The case's part never passes 700 tokens, and the counts add up to the prompt."""
    prompt = renderer.render(narrative, markets["SG"])
    assert prompt.case_tokens <= BUDGETS.case_tokens
    assert prompt.static_tokens <= BUDGETS.static_tokens
    closing = len(prompt.ids) - prompt.static_tokens - prompt.case_tokens
    assert 0 < closing <= BUDGETS.closing_tokens


@settings(max_examples=40)  # up to 16 past cases an example
@given(narrative=NARRATIVE, exemplars=st.lists(EXEMPLAR, max_size=2), copies=st.integers(1, 8))
def test_only_the_template_places_special_tokens(
    tokenizer: PromptTokenizer,
    renderer: PromptRenderer,
    markets: Markets,
    narrative: Narrative,
    exemplars: list[Exemplar],
    copies: int,
) -> None:
    """Whatever case and exemplars spell, the special tokens are those of three headers and two ends of turn."""
    prompt = renderer.render(narrative, markets["ID"], exemplars * copies)
    layout = (
        *(BEGIN_OF_TEXT, START_HEADER, END_HEADER, END_OF_TURN),
        *(START_HEADER, END_HEADER, END_OF_TURN),
        *(START_HEADER, END_HEADER),
    )
    assert _specials(prompt, tokenizer) == [tokenizer.special_id(token) for token in layout]
    assert prompt.exemplars_tokens <= BUDGETS.exemplars_tokens
    assert len(prompt.ids) + BUDGETS.document_tokens <= BUDGETS.model_len_tokens


@settings(max_examples=40)
@given(first=NARRATIVE, second=NARRATIVE)
def test_cases_of_a_market_share_their_beginning(
    tokenizer: PromptTokenizer,
    renderer: PromptRenderer,
    markets: Markets,
    first: Narrative,
    second: Narrative,
) -> None:
    """The static prefix and the closing are the same ids for every case, kept or made anew."""
    one = renderer.render(first, markets["BR"])
    two = render_prompt(second, markets["BR"], load_template(), tokenizer)
    assert one.static_tokens == two.static_tokens
    assert one.ids[: one.static_tokens] == two.ids[: two.static_tokens]
    opening = tokenizer.encode_text(VERDICT_OPEN)
    assert one.ids[-len(opening) :] == two.ids[-len(opening) :] == opening


@settings(max_examples=40)
@given(narrative=NARRATIVE)
def test_the_same_case_gives_the_same_ids(
    renderer: PromptRenderer, markets: Markets, narrative: Narrative
) -> None:
    """Rendering is a pure function of the narrative."""
    assert renderer.render(narrative, markets["TH"]) == renderer.render(narrative, markets["TH"])


@given(narrative=NARRATIVE, budget=st.integers(0, 300), long_line=st.integers(0, 60))
def test_what_does_not_fit_is_told(
    tokenizer: PromptTokenizer, narrative: Narrative, budget: int, long_line: int
) -> None:
    """Within any budget: all lines and no cut, or fewer tokens and at least one sentence about it."""
    fitted = fit_narrative(narrative, tokenizer, budget, long_line)
    texts = (*narrative.head, *(entry.text for entry in narrative.timeline), *narrative.tail)
    whole = [token for text in texts for token in tokenizer.encode_text(text + "\n")]
    assert len(fitted.ids) <= budget
    assert (fitted.ids == whole) == (not fitted.cuts)

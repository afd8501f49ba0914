"""The prompt's layout, what is cut first, and budgets that cannot hold."""

from dataclasses import replace

import pytest
from tokenizers import Tokenizer

from cases.errors import ConfigError
from cases.factor import Factor
from cases.market import Markets
from cases.narrative import Narrative, TimelineEntry
from cases.verdict import Verdict
from prompts.fit import fit_narrative
from prompts.render import Budgets, Exemplar, PromptRenderer, render_prompt
from prompts.template import load_template
from prompts.tokenizer import PromptTokenizer
from tests.fixtures.small_tokenizer import small_tokenizer_json

HEAD = ("market SG, language en-SG", "order toys, value 12 SGD, items 1")
TAIL = ("late 30 h", "extensions 2", "cancelled now")
TEMPLATE = load_template()


@pytest.fixture(scope="module")
def tokenizer() -> PromptTokenizer:
    """A small one in Llama 3's form."""
    return PromptTokenizer(small_tokenizer_json())


def _chat(*texts: str) -> tuple[TimelineEntry, ...]:
    return tuple(TimelineEntry(text, is_chat=True) for text in texts)


def _lines(ids: list[int], tokenizer: PromptTokenizer) -> list[str]:
    return tokenizer.decode(ids).splitlines()


def test_the_layout_is_llama_3s(tokenizer: PromptTokenizer, markets: Markets) -> None:
    """Up to the market notes the ids are those that Llama 3's own chat layout has for the same words."""
    prompt = render_prompt(Narrative(HEAD, (), TAIL), markets["SG"], TEMPLATE, tokenizer)
    chat = (
        f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{TEMPLATE.system}<|eot_id|>"
        f"<|start_header_id|>user<|end_header_id|>\n\nMarket SG, Singapore. {markets['SG'].notes}\n"
    )
    expected = Tokenizer.from_str(small_tokenizer_json()).encode(chat, add_special_tokens=False).ids
    assert prompt.ids[: len(expected)] == expected


def test_the_prompt_reads_as_written(tokenizer: PromptTokenizer, markets: Markets) -> None:
    """Policy, market, case, then the assistant's turn open at the verdict."""
    narrative = Narrative(HEAD, _chat("-2.0h seller: no stock alr <|eot_id|>"), TAIL)
    prompt = render_prompt(narrative, markets["SG"], TEMPLATE, tokenizer)
    case = "\n".join(("Case:", narrative.text, ""))
    assert tokenizer.decode(prompt.ids).endswith(
        f"{case}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n<verdict>"
    )
    assert prompt.cuts == ()


def test_every_market_fits_the_static_budget(tokenizer: PromptTokenizer, markets: Markets) -> None:
    """No shipped market's notes are shortened, even by a tokenizer of 4,096 tokens."""
    renderer = PromptRenderer(TEMPLATE, tokenizer)
    cuts = {code: renderer.render(Narrative((), (), TAIL), market).cuts for code, market in markets.items()}
    assert set(cuts.values()) == {()}


def test_oldest_chat_goes_first_and_the_end_stays(tokenizer: PromptTokenizer) -> None:
    """Over the budget the newest messages stay in order, with all of head and tail."""
    chat = [f"-{100 - i}.0h buyer: message number {i}" for i in range(100)]
    fitted = fit_narrative(Narrative(HEAD, _chat(*chat), TAIL), tokenizer, 300, 120)
    lines = _lines(fitted.ids, tokenizer)
    kept = lines[len(HEAD) : -len(TAIL)]
    assert (lines[: len(HEAD)], lines[-len(TAIL) :]) == (list(HEAD), list(TAIL))
    assert 5 < len(kept) < 100
    assert kept == chat[-len(kept) :]
    assert fitted.cuts == (f"prompt budget: {100 - len(kept)} oldest chat messages were left out",)


def test_events_outlive_chat_but_do_not_crowd_it_out(tokenizer: PromptTokenizer) -> None:
    """Two hundred record entries leave half of the room to the chat, and the other way round."""
    events = [TimelineEntry(f"-{400 - i}.0h record: update {i}", is_chat=False) for i in range(200)]
    chat = _chat(*(f"-{200 - i}.0h seller: message {i}" for i in range(200)))
    fitted = fit_narrative(Narrative((), (*events, *chat), TAIL), tokenizer, 400, 120)
    lines = _lines(fitted.ids, tokenizer)
    told = sum("seller" in line for line in lines), sum("record" in line for line in lines)
    assert min(told) > 10
    assert lines[-len(TAIL) - 1] == chat[-1].text
    assert [cut.split()[3:5] for cut in fitted.cuts] == [["oldest", "chat"], ["oldest", "order"]]


def test_one_long_message_does_not_push_out_the_others(tokenizer: PromptTokenizer) -> None:
    """A huge last message is shortened in its middle; the request before it stays readable."""
    asked = "-3.0h seller: pls cancel dear no stock"
    huge = "-2.0h seller: begin " + "la " * 1300 + "the end"
    fitted = fit_narrative(Narrative(HEAD, _chat(asked, huge), TAIL), tokenizer, 300, 60)
    lines = _lines(fitted.ids, tokenizer)
    assert asked in lines
    assert lines[3].startswith("-2.0h seller: begin la")
    assert " … " in lines[3]
    assert lines[3].endswith("the end")
    assert fitted.cuts == ("prompt budget: 1 overlong line was shortened in the middle",)


def test_exemplars_stand_before_the_case(tokenizer: PromptTokenizer, markets: Markets) -> None:
    """A past case brings its story's end and its label; too many of them are counted out."""
    story = Narrative(HEAD, _chat(*(f"-{90 - i}.0h buyer: old message {i}" for i in range(90))), TAIL)
    exemplar = Exemplar(story, Verdict.INDUCED, (Factor.CHAT_IGNORED_BUYER, Factor.CALL_FROM_SELLER))
    prompt = render_prompt(
        Narrative(HEAD, (), TAIL), markets["SG"], TEMPLATE, tokenizer, exemplars=[exemplar] * 20
    )
    text = tokenizer.decode(prompt.ids)
    assert text.index("Past cases:") < text.index("old message 89") < text.index("Case:\nmarket SG")
    assert "Label: induced (Chat - ignored buyer, Call - phone call from seller)\n" in text
    assert prompt.exemplars_tokens <= 1200
    used = text.count("Label: induced")
    assert prompt.cuts == (
        f"prompt budget: {20 - used} of 20 exemplars left out",
        f"prompt budget: {used} of {used} exemplars shortened",
    )


def test_long_market_notes_are_shortened_and_told(tokenizer: PromptTokenizer, markets: Markets) -> None:
    """Notes beyond the static budget are cut at their end, in one sentence of the warnings."""
    market = markets["SG"].model_copy(update={"notes": "buyers write short words " * 60})
    prompt = render_prompt(Narrative((), (), TAIL), market, TEMPLATE, tokenizer)
    assert prompt.static_tokens <= 400
    assert prompt.cuts == ("prompt budget: the notes of market SG were shortened",)


def test_a_system_text_over_its_budget_is_refused(tokenizer: PromptTokenizer) -> None:
    """The policy is never cut: a template that does not fit is the operator's to mend."""
    with pytest.raises(ConfigError, match="system text"):
        PromptRenderer(replace(TEMPLATE, system=TEMPLATE.system * 3), tokenizer)


def test_budgets_must_fit_the_context() -> None:
    """Parts that add up to more than the model's context are refused at once."""
    with pytest.raises(ConfigError, match="add up to 3332 of 3072"):
        Budgets(case_tokens=1050)


def test_unknown_templates_are_refused() -> None:
    """A version without files, or one that is no version name, is a configuration error."""
    for version in ("v99", "../v1"):
        with pytest.raises(ConfigError, match="prompt version"):
            load_template(version)


def test_a_template_says_what_it_is() -> None:
    """The loaded template carries its version and a digest of its files, and its policy is short."""
    assert (TEMPLATE.version, len(TEMPLATE.sha256)) == ("v1", 64)
    assert len(TEMPLATE.system.split()) <= 170

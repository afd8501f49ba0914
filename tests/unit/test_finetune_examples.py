"""What the trainer receives is, id by id, what the service sends and what the model is to write."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from cases.case import LabelledCase
from cases.market import Markets
from cases.narrative import narrate
from finetune.examples import ExampleMaker
from finetune.loss import IGNORED
from marketplace.settings import SimulationSettings
from marketplace.simulate import simulate
from prompts.document import document_ids
from prompts.render import render_prompt
from prompts.template import load_template
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import END_OF_TURN
from tests.fixtures.tiny_recipe import tiny_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory, markets: Markets) -> PromptTokenizer:
    """A small tokenizer."""
    return tiny_tokenizer(tmp_path_factory.mktemp("tokenizer"), markets)


@pytest.fixture(scope="module")
def cases(markets: Markets) -> list[LabelledCase]:
    """Simulated labelled cases of three languages."""
    settings = SimulationSettings(("SG", "ID", "BR"), seed=5, cases_per_market=6)
    return [simulated.case for simulated in simulate(settings, markets)]


def test_prompt_and_document_equal_servings(
    tokenizer: PromptTokenizer, cases: list[LabelledCase], markets: Markets
) -> None:
    """input_ids are the ids of serving's prompt followed by the ids of the document, for every case."""
    maker = ExampleMaker("v1", tokenizer, markets)
    examples = list(maker.examples(cases))
    assert len(examples) == len(cases)
    for case, example in zip(cases, examples, strict=True):
        assert case.label is not None
        assert case.label.reasoning is not None
        prompt = render_prompt(narrate(case), markets[case.market], load_template("v1"), tokenizer).ids
        document = document_ids(
            case.label.verdict, case.label.decision_factors, case.label.reasoning, tokenizer
        )
        assert list(example.input_ids) == [*prompt, *document]


def test_loss_is_on_the_completion_only(
    tokenizer: PromptTokenizer, cases: list[LabelledCase], markets: Markets
) -> None:
    """Labels are IGNORED up to the prompt's end and the document's own ids after it, the end of the turn included."""
    for example in ExampleMaker("v1", tokenizer, markets).examples(cases):
        split = example.prompt_tokens
        assert set(example.labels[:split]) == {IGNORED}
        assert example.labels[split:] == example.input_ids[split:]
        assert example.labels[-1] == tokenizer.special_id(END_OF_TURN)


def test_a_label_without_reasoning_teaches_verdict_and_factors(
    tokenizer: PromptTokenizer, cases: list[LabelledCase], markets: Markets
) -> None:
    """Its document stops where the reasoning would begin, so that no invented text is taught."""
    label = cases[0].label
    assert label is not None
    example = ExampleMaker("v1", tokenizer, markets).example(
        cases[0], label.model_copy(update={"reasoning": None})
    )
    written = tokenizer.decode([token for token in example.labels if token != IGNORED])
    assert written.startswith(label.verdict.value + "</verdict>\n<decision_factors>[")
    assert written.endswith("</decision_factors>\n<reasoning>")


def test_the_label_never_reaches_the_prompt(
    tokenizer: PromptTokenizer, cases: list[LabelledCase], markets: Markets
) -> None:
    """The prompt of a case is the same with its label and without."""
    maker = ExampleMaker("v1", tokenizer, markets)
    for case in cases:
        assert maker.prompt(case) == maker.prompt(case.model_copy(update={"label": None}))


def test_cases_without_a_label_are_passed_over(
    tokenizer: PromptTokenizer, cases: list[LabelledCase], markets: Markets
) -> None:
    """Only labelled cases give examples."""
    unlabelled = [case.model_copy(update={"label": None}) for case in cases]
    assert list(ExampleMaker("v1", tokenizer, markets).examples(unlabelled)) == []


def test_the_trainers_tokenizer_is_the_services(
    tokenizer: PromptTokenizer, tmp_path: Path, markets: Markets
) -> None:
    """Loaded by transformers, the folder's tokenizer gives plain text the same ids."""
    tiny_tokenizer(tmp_path, markets)
    loaded = AutoTokenizer.from_pretrained(str(tmp_path))
    for text in ("seller: pls cancel, no stock alr\n", "late 30 h", "kak, stok habis 😭"):
        assert loaded(text, add_special_tokens=False)["input_ids"] == tokenizer.encode_text(text)
    assert loaded.eos_token_id == tokenizer.special_id(END_OF_TURN)

"""The grammars, compiled by the real xgrammar: they allow the documents of the contract and nothing else."""

import json

import pytest
import xgrammar
from hypothesis import given
from hypothesis import strategies as st

from cases.errors import DocumentError
from cases.factor import Factor, factors_for
from cases.verdict import VERDICTS, Verdict
from prompts.document import VERDICT_OPEN, Document, document_ids
from prompts.grammar import document_grammar, explanation_grammar
from prompts.parser import parse_document
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import END_OF_TURN
from tests.fixtures.documents import DOCUMENTS, REASONING, VERDICT, factor_picks, spoiled, written
from tests.fixtures.small_tokenizer import small_tokenizer_json

TO_LIST = "<decision_factors>"


class Grammars:
    """The four grammars, compiled for the small tokenizer."""

    def __init__(self) -> None:
        self.tokenizer = PromptTokenizer(small_tokenizer_json())
        content = json.loads(small_tokenizer_json())
        vocabulary: dict[str, int] = content["model"]["vocab"]
        compiler = xgrammar.GrammarCompiler(
            xgrammar.TokenizerInfo(
                sorted(vocabulary, key=vocabulary.__getitem__),
                vocab_type=xgrammar.VocabType.BYTE_LEVEL,
                stop_token_ids=[self.tokenizer.special_id(END_OF_TURN)],
            )
        )
        self._document = compiler.compile_grammar(document_grammar())
        self._explanations = {v: compiler.compile_grammar(explanation_grammar(v)) for v in VERDICTS}

    def allow(self, text: str) -> bool:
        """Whether `text` is all that could follow the prompt's `<verdict>`, to its end."""
        matcher = xgrammar.GrammarMatcher(self._document, terminate_without_stop_token=True)
        return bool(matcher.accept_string(text) and matcher.is_terminated())

    def allow_explanation(self, verdict: Verdict, text: str) -> bool:
        """Whether `text` is all that could follow `<decision_factors>` for this verdict."""
        matcher = xgrammar.GrammarMatcher(self._explanations[verdict], terminate_without_stop_token=True)
        return bool(matcher.accept_string(text) and matcher.is_terminated())

    def ids_left_over(self, ids: list[int]) -> int:
        """How many of a document's ids, the end of the turn included, the engine would not have let through."""
        matcher = xgrammar.GrammarMatcher(self._document)
        accepted = sum(1 for token in ids if matcher.accept_token(token))
        return len(ids) - accepted + (not matcher.is_terminated())


@pytest.fixture(scope="module")
def grammars() -> Grammars:
    """Compiled once: it is the slow part."""
    return Grammars()


def _list(factors: tuple[Factor, ...]) -> str:
    return "[" + ", ".join(f"'{factor.value}'" for factor in factors) + "]"


def _explanation(factors: tuple[Factor, ...], reasoning: str = REASONING) -> str:
    return f"{_list(factors)}</decision_factors>\n<reasoning>{reasoning}</reasoning>"


@given(document=DOCUMENTS)
def test_every_document_may_be_written(grammars: Grammars, document: Document) -> None:
    """What the writer writes passes, as text, as an explanation, and as the very ids that the model is trained on."""
    text = written(document)
    assert grammars.allow(text.removeprefix(VERDICT_OPEN))
    assert grammars.allow_explanation(document.verdict, text.split(TO_LIST, 1)[1])
    ids = document_ids(document.verdict, document.factors, document.reasoning, grammars.tokenizer)
    assert grammars.ids_left_over(ids) == 0


@given(text=spoiled())
def test_grammar_and_parser_agree(grammars: Grammars, text: str) -> None:
    """A text passes the grammar if, and only if, the parser reads it as a document without white space behind."""
    try:
        document = parse_document(text)
    except DocumentError:
        is_document = False
    else:
        is_document = text == written(document)
    allowed = text.startswith(VERDICT_OPEN) and grammars.allow(text.removeprefix(VERDICT_OPEN))
    assert allowed == is_document


@given(drawn=VERDICT.flatmap(lambda v: st.tuples(st.just(v), factor_picks(v), st.integers(0, 2))))
def test_no_factor_stands_twice(grammars: Grammars, drawn: tuple[Verdict, tuple[Factor, ...], int]) -> None:
    """Whichever factor is repeated, next to its twin or not, the list is refused; so is a fourth factor."""
    verdict, factors, at = drawn
    repeated = (*factors, factors[at % len(factors)])
    assert not grammars.allow_explanation(verdict, _explanation(repeated))
    four = factors_for(verdict)[:4]
    assert grammars.allow_explanation(verdict, _explanation(four[:3]))
    assert not grammars.allow_explanation(verdict, _explanation(four))


@given(
    drawn=VERDICT.flatmap(lambda v: st.tuples(st.just(v), factor_picks(v), st.sampled_from(Factor))),
    at=st.integers(0, 3),
)
def test_foreign_factors_are_refused(
    grammars: Grammars, drawn: tuple[Verdict, tuple[Factor, ...], Factor], at: int
) -> None:
    """A factor may stand in the list exactly when it supports the verdict."""
    verdict, factors, other = drawn
    mixed = (*factors[:2][:at], other, *factors[:2][at:])
    fits = other in factors_for(verdict) and len(set(mixed)) == len(mixed)
    assert grammars.allow_explanation(verdict, _explanation(mixed)) == fits


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("character", ["a", "é", "🙂"])
def test_reasoning_keeps_its_length(grammars: Grammars, verdict: Verdict, character: str) -> None:
    """20 to 600 characters, counted in characters and not in bytes."""
    factors = factors_for(verdict)[-1:]
    lengths = (0, 1, 19, 20, 21, 599, 600, 601, 640)
    allowed = [
        n for n in lengths if grammars.allow_explanation(verdict, _explanation(factors, character * n))
    ]
    assert allowed == [20, 21, 599, 600]


@pytest.mark.parametrize(
    "text",
    ["[]", "['Chat - ignored buyer'", '["Chat - ignored buyer"]', "['Chat - ignored buyer',]", "['']", ""],
)
def test_broken_lists_are_refused(grammars: Grammars, text: str) -> None:
    """An empty list, other quotes, a comma at the end or nothing at all is no list of factors."""
    rest = f"</decision_factors>\n<reasoning>{REASONING}</reasoning>"
    assert not grammars.allow_explanation(Verdict.INDUCED, text + rest)


def test_reasoning_holds_no_tag(grammars: Grammars) -> None:
    """A `<` ends the reasoning and nothing follows the document."""
    factors = (Factor.CHAT_IGNORED_BUYER,)
    assert not grammars.allow_explanation(Verdict.INDUCED, _explanation(factors, REASONING + "<b>"))
    assert not grammars.allow_explanation(Verdict.INDUCED, _explanation(factors) + "\n")


def test_a_label_brings_its_own_factors(grammars: Grammars) -> None:
    """In single-stream mode the list follows the label that was written, and no other label is possible."""
    rest = _explanation((Factor.BUYER_CHANGED_MIND,))
    assert grammars.allow(f"not_induced</verdict>\n{TO_LIST}{rest}")
    for label in ("induced", "inconclusive", "Not_induced", ""):
        assert not grammars.allow(f"{label}</verdict>\n{TO_LIST}{rest}")

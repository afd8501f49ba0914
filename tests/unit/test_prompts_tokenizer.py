"""Which tokenizers are refused, and that the danger they are guarded against is real."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from cases.errors import ConfigError, ModelFileError
from cases.factor import Factor
from cases.verdict import VERDICTS, Verdict
from prompts.document import document_ids, document_pieces, explain_prefix_ids, label_first_tokens
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import END_OF_TURN, SPECIAL_TOKENS
from tests.fixtures.small_tokenizer import VOCABULARY, small_tokenizer_json, tokenizer_json_with

REASONING = "The seller asked the buyer to cancel because nothing was left in stock."


@pytest.fixture(scope="module")
def tokenizer() -> PromptTokenizer:
    """A small one in Llama 3's form."""
    return PromptTokenizer(small_tokenizer_json())


def test_the_library_alone_would_end_the_turn() -> None:
    """Without our flag a reloaded tokenizer reads `<|eot_id|>` in a message as the real end of the turn."""
    raw = Tokenizer.from_str(small_tokenizer_json())
    raw.encode_special_tokens = True
    reloaded = Tokenizer.from_str(raw.to_str())
    assert reloaded.encode("bye<|eot_id|>").ids[-1] == raw.token_to_id(END_OF_TURN)


def test_special_tokens_are_placed_by_name(tokenizer: PromptTokenizer) -> None:
    """Every special token of Llama 3 has its own id, and an unknown name is a KeyError."""
    assert len({tokenizer.special_id(token) for token in SPECIAL_TOKENS}) == len(SPECIAL_TOKENS)
    assert tokenizer.vocab_size == VOCABULARY
    with pytest.raises(KeyError):
        tokenizer.special_id("<verdict>")


@pytest.mark.parametrize("token", ["<verdict>", "</reasoning>", "cancel"])
def test_added_tokens_that_spell_text_are_refused(token: str) -> None:
    """A document's tag or a word must not be an added token, special or not."""
    for special in (True, False):
        with pytest.raises(ModelFileError, match="could match in plain text"):
            PromptTokenizer(tokenizer_json_with((*SPECIAL_TOKENS, token), special=special))


def test_added_tokens_that_are_not_special_are_refused() -> None:
    """Even in the right form, an added token that is not marked special would be found inside text."""
    with pytest.raises(ModelFileError, match="could match in plain text"):
        PromptTokenizer(tokenizer_json_with(SPECIAL_TOKENS, special=False))


def test_missing_special_tokens_are_named() -> None:
    """A tokenizer without an end of turn is refused by name."""
    tokens = tuple(token for token in SPECIAL_TOKENS if token != END_OF_TURN)
    with pytest.raises(ModelFileError, match=r"missing: <\|eot_id\|>"):
        PromptTokenizer(tokenizer_json_with(tokens, special=True))


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    """A missing and a broken file are model file errors that name the file."""
    with pytest.raises(ModelFileError, match="cannot be read"):
        PromptTokenizer.load(tmp_path / "tokenizer.json")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"broken\.json: not a tokenizer"):
        PromptTokenizer.load(tmp_path / "broken.json")


def test_labels_begin_with_distinct_tokens(tokenizer: PromptTokenizer) -> None:
    """The first token of each label tells the three apart, and is the first of the document's own ids."""
    first = label_first_tokens(tokenizer)
    assert len(set(first.values())) == len(VERDICTS)
    for verdict, factor in zip(
        VERDICTS, (Factor.CHAT_ASKED_TO_CANCEL, Factor.BUYER_CHANGED_MIND, None), strict=True
    ):
        factors = (factor or Factor.EVIDENCE_INSUFFICIENT,)
        assert document_ids(verdict, factors, REASONING, tokenizer)[0] == first[verdict]


def test_labels_that_begin_alike_are_refused() -> None:
    """Under a tokenizer of bytes `induced` and `inconclusive` share their first token: refused."""
    with pytest.raises(ConfigError, match="not distinct"):
        label_first_tokens(PromptTokenizer(tokenizer_json_with(SPECIAL_TOKENS, special=True)))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_explain_prefix_is_how_a_document_begins(tokenizer: PromptTokenizer, verdict: Verdict) -> None:
    """Training and serving put the token boundaries at the same places."""
    factor = {
        Verdict.INDUCED: Factor.CALL_FROM_SELLER,
        Verdict.NOT_INDUCED: Factor.LOGISTICS_COURIER_DELAY,
    }.get(verdict, Factor.CALL_FROM_SELLER)
    ids = document_ids(verdict, (factor,), REASONING, tokenizer)
    prefix = explain_prefix_ids(verdict, tokenizer)
    assert ids[: len(prefix)] == prefix
    assert ids[-1] == tokenizer.special_id(END_OF_TURN)
    assert tokenizer.decode(ids[:-1]) == "".join(document_pieces(verdict, (factor,), REASONING))

"""The output document: what the model writes, and what it is trained on.

Takes: a verdict, its decision factors (most weighty first) and the reasoning. Gives: the document's text, its fixed
pieces and their token ids. Does not: read one (`prompts.parser`).

    <verdict>induced</verdict>
    <decision_factors>['Chat - asked to cancel', 'Fulfillment - no shipping update']</decision_factors>
    <reasoning>The seller asked the buyer to cancel because ...</reasoning>

The prompt already ends with `<verdict>`. What follows is encoded piece by piece, so that training and serving put the
token boundaries at the same places: a byte-level BPE would otherwise read `>induced` as one word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cases.errors import ConfigError, DocumentError
from cases.factor import Factor, factors_for
from cases.verdict import VERDICTS, Verdict
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import END_OF_TURN

VERDICT_OPEN: Final = "<verdict>"
TO_FACTORS: Final = "</verdict>\n<decision_factors>"
TO_REASONING: Final = "</decision_factors>\n<reasoning>"
DOCUMENT_CLOSE: Final = "</reasoning>"
MIN_FACTORS: Final = 1
MAX_FACTORS: Final = 3
MIN_REASONING_CHARS: Final = 20
MAX_REASONING_CHARS: Final = 600


@dataclass(frozen=True, slots=True)
class Document:
    """A checked document: every instance obeys the contract. Raises DocumentError, whose code names the first fault."""

    verdict: Verdict
    factors: tuple[Factor, ...]
    reasoning: str

    def __post_init__(self) -> None:
        check_factors(self.verdict, self.factors)
        check_reasoning(self.reasoning)


def check_factors(verdict: Verdict, factors: Sequence[Factor]) -> None:
    """Raise DocumentError unless there are one to three distinct factors of the verdict's own section."""
    if len(factors) < MIN_FACTORS:
        raise DocumentError("no_factors", "a document names one to three decision factors")
    if len(factors) > MAX_FACTORS:
        raise DocumentError("too_many_factors", f"{len(factors)} decision factors; at most three")
    if len(set(factors)) != len(factors):
        raise DocumentError("duplicate_factor", "a decision factor stands twice")
    if not set(factors) <= set(factors_for(verdict)):
        raise DocumentError("factor_of_other_verdict", f"a decision factor does not support {verdict.value}")


def check_reasoning(reasoning: str) -> None:
    """Raise DocumentError unless the reasoning has 20 to 600 characters and no `<`."""
    if "<" in reasoning:
        raise DocumentError("tag_in_reasoning", "the reasoning holds a '<'")
    if len(reasoning) < MIN_REASONING_CHARS:
        raise DocumentError(
            "reasoning_too_short", f"the reasoning has fewer than {MIN_REASONING_CHARS} characters"
        )
    if len(reasoning) > MAX_REASONING_CHARS:
        raise DocumentError(
            "reasoning_too_long", f"the reasoning has more than {MAX_REASONING_CHARS} characters"
        )


def document_pieces(verdict: Verdict, factors: Sequence[Factor], reasoning: str) -> tuple[str, ...]:
    """The six pieces after the prompt's `<verdict>`; raises DocumentError when they would not be a document."""
    document = Document(verdict, tuple(factors), reasoning)
    listed = "[" + ", ".join(f"'{factor.value}'" for factor in document.factors) + "]"
    return (document.verdict.value, TO_FACTORS, listed, TO_REASONING, document.reasoning, DOCUMENT_CLOSE)


def write_document(verdict: Verdict, factors: Sequence[Factor], reasoning: str) -> str:
    """The whole document, without a newline at the end; `prompts.parser.parse_document` reads back the same."""
    return VERDICT_OPEN + "".join(document_pieces(verdict, factors, reasoning))


def document_ids(
    verdict: Verdict, factors: Sequence[Factor], reasoning: str, tokenizer: PromptTokenizer
) -> list[int]:
    """What the model is to write after a prompt: the ids of every piece, then the end of the turn."""
    pieces = document_pieces(verdict, factors, reasoning)
    ids = [token for piece in pieces for token in tokenizer.encode_text(piece)]
    return [*ids, tokenizer.special_id(END_OF_TURN)]


def explain_prefix_ids(verdict: Verdict, tokenizer: PromptTokenizer) -> list[int]:
    """What the explain request appends to the decide prompt: the label and the way to the factor list."""
    return [*tokenizer.encode_text(verdict.value), *tokenizer.encode_text(TO_FACTORS)]


def label_first_tokens(tokenizer: PromptTokenizer) -> dict[Verdict, int]:
    """The first token of each label; its log-probabilities are the verdict's.

    Raises ConfigError when two labels share one: the first token would not tell them apart.
    """
    first = {verdict: tokenizer.encode_text(verdict.value)[0] for verdict in VERDICTS}
    if len(set(first.values())) != len(VERDICTS):
        written = ", ".join(f"{verdict.value}={token}" for verdict, token in first.items())
        raise ConfigError(
            f"the labels' first tokens are not distinct ({written}): this tokenizer cannot serve"
        )
    return first

"""Training examples: token ids and labels, made by the functions that serve.

Takes: labelled cases. Gives: `Example`s whose prompt is, id by id, what the service would send for the case.
Does not: shorten anything (rendering has cut to its budgets), or tokenise text by another way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cases.case import Label, LabelledCase
from cases.market import Markets
from cases.narrative import narrate
from finetune.loss import IGNORED
from prompts.document import document_ids, document_pieces
from prompts.render import PromptRenderer
from prompts.template import load_template
from prompts.tokenizer import PromptTokenizer

_UNSAID_REASONING = "No reasoning was written down."
_PIECES_BEFORE_REASONING = 4


@dataclass(frozen=True, slots=True)
class Example:
    """`labels` is `input_ids` over the document and IGNORED over the prompt; both have the same length."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    prompt_tokens: int


class ExampleMaker:
    """Renders prompts and documents of one prompt version with one tokenizer."""

    def __init__(self, prompt_version: str, tokenizer: PromptTokenizer, markets: Markets) -> None:
        self._tokenizer = tokenizer
        self._markets = markets
        self._renderer = PromptRenderer(load_template(prompt_version), tokenizer)

    def prompt(self, case: LabelledCase) -> list[int]:
        """The prompt's ids, ending with `<verdict>`; the label is not read."""
        return self._renderer.render(narrate(case), self._markets[case.market]).ids

    def example(self, case: LabelledCase, label: Label) -> Example:
        """One training example.

        A label without reasoning teaches verdict and factors only: its document stops where the reasoning would begin.
        """
        prompt = self.prompt(case)
        document = self._document(label)
        return Example((*prompt, *document), (*[IGNORED] * len(prompt), *document), len(prompt))

    def examples(self, cases: Iterable[LabelledCase]) -> Iterator[Example]:
        """Examples of all labelled cases, in order; cases without a label are passed over."""
        for case in cases:
            if case.label is not None:
                yield self.example(case, case.label)

    def _document(self, label: Label) -> list[int]:
        verdict, factors = label.verdict, label.decision_factors
        if label.reasoning is not None:
            return document_ids(verdict, factors, label.reasoning, self._tokenizer)
        pieces = document_pieces(verdict, factors, _UNSAID_REASONING)[:_PIECES_BEFORE_REASONING]
        return [token for piece in pieces for token in self._tokenizer.encode_text(piece)]

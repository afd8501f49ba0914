"""Simulated cases as pre-training documents: a narrative to read and questions on it, or a chat with glosses.

Takes: a simulated case and a seeded generator. Gives: weighted token ids in Llama 3's chat layout.
Does not: show a verdict, a decision factor or a label's reasoning beside its case: the base learns to read and to
write, the adapter to judge.

    questions   user: the case, as the prompt has it (sometimes behind the prompt's whole static part)
                assistant: "late: under 24 h", "seller asked to cancel: yes, asks the buyer to cancel", ...
    glosses     user: "Gloss each line."   assistant: every chat line, and what it does
    lines       as glosses, of lines from many cases, the rare acts as often as the common ones
    primers     as glosses, of chats whose lines are drawn act by act
    strays      user: "Any document."   assistant: an output document, without the case that it is about

An adapter leaves the embeddings alone, and with tied embeddings a token that was never to be predicted cannot be
written afterwards: the strays teach the labels, the factors and the words of reasonings, but not which case calls for
which.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Final

from cases.case import Label
from cases.market import Markets
from cases.narrative import Narrative, narrate
from finetune.batching import WeightedDocument
from marketplace.primer import Primer
from marketplace.reading import line_glosses, read_case
from marketplace.simulate import SimulatedCase
from prompts.document import VERDICT_OPEN, document_ids, document_pieces
from prompts.fit import fit_narrative
from prompts.render import Budgets, PromptRenderer
from prompts.template import PromptTemplate
from prompts.tokenizer import PromptTokenizer
from prompts.tokenizer_spec import BEGIN_OF_TEXT, END_HEADER, END_OF_TURN, START_HEADER

_GLOSS_SHARE: Final = 0.15
_WHOLE_PROMPT_SHARE: Final = 0.12
_SPLIT_SHARE: Final = 0.5
_CUT_RATE: Final = 0.04  # a character
_QUESTION_WEIGHT: Final = 0.1  # which question comes is chance; there is nothing to learn
_USUAL_WEIGHT: Final = 0.5  # most answers are these; the others are what a case turns on
_USUAL_ANSWERS: Final = frozenset({"no", "none", "nothing", "unknown"})
_LINES_PER_DOCUMENT: Final = 14
_GLOSS_REQUEST: Final = "Gloss each line.\n"
_STRAY_REQUEST: Final = "Any document.\n"


@dataclass(slots=True)
class _Pieces:
    """A document under construction."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    text_bytes: int = 0

    def add(self, ids: Sequence[int], weight: float, text: str = "") -> None:
        self.ids += ids
        self.weights += [weight] * len(ids)
        self.text_bytes += len(text.encode("utf-8", "replace")) if weight > 0 else 0

    def finished(self) -> WeightedDocument:
        return WeightedDocument(tuple(self.ids), tuple(self.weights), self.text_bytes)


@dataclass(frozen=True, slots=True)
class DocumentWriter:
    """Writes documents, half of them with words cut at random places.

    A word is then still known when a typo cuts it anew: the idea of BPE-dropout (Provilkov et al., 2020), but the same
    again for the same generator.
    """

    tokenizer: PromptTokenizer
    template: PromptTemplate
    markets: Markets
    reading_weight: float

    def document(self, simulated: SimulatedCase, rng: Random) -> WeightedDocument:
        """One document about one case; the same for the same generator."""
        cuts = rng if rng.random() < _SPLIT_SHARE else None
        lines = _glossed_lines(simulated)
        if lines and rng.random() < _GLOSS_SHARE:
            return self._glossed([line for line, _ in lines], [gloss for _, gloss in lines], cuts)
        return self._questioned(simulated, narrate(simulated.case), cuts, rng)

    def line_documents(
        self, cases: Sequence[SimulatedCase], count: int, rng: Random
    ) -> Iterator[WeightedDocument]:
        """`count` documents of single lines of `cases`, drawn so that every gloss is as likely as any other."""
        lines = [line for case in cases for line in _glossed_lines(case)]
        frequency = Counter(gloss for _, gloss in lines)
        weights = [1.0 / frequency[gloss] for _, gloss in lines]
        for _ in range(count):
            drawn = rng.choices(lines, weights, k=_LINES_PER_DOCUMENT)
            cuts = rng if rng.random() < _SPLIT_SHARE else None
            yield self._glossed([line for line, _ in drawn], [gloss for _, gloss in drawn], cuts)

    def primer_documents(self, primers: Iterable[Primer], rng: Random) -> Iterator[WeightedDocument]:
        """A document a primer; one whose lines the cut has dropped is passed over."""
        for primer in primers:
            if lines := _glossed_lines(primer):
                cuts = rng if rng.random() < _SPLIT_SHARE else None
                yield self._glossed([line for line, _ in lines], [gloss for _, gloss in lines], cuts)

    def stray_documents(
        self, cases: Sequence[SimulatedCase], count: int, rng: Random
    ) -> Iterator[WeightedDocument]:
        """`count` output documents of `cases`, each without its case, those with a rare factor as often as any."""
        labels = [case.label for case in cases]
        frequency = Counter(factor for label in labels for factor in label.decision_factors)
        weights = [max(1.0 / frequency[factor] for factor in label.decision_factors) for label in labels]
        for label in rng.choices(labels, weights, k=count):
            yield self._stray(label)

    def _stray(self, label: Label) -> WeightedDocument:
        written = (label.verdict, label.decision_factors, label.reasoning or "")
        pieces = self._asked(_STRAY_REQUEST)
        pieces.add(self.tokenizer.encode_text(VERDICT_OPEN), 0.0)
        pieces.add(document_ids(*written, self.tokenizer), 1.0, "".join(document_pieces(*written)))
        return pieces.finished()

    def _asked(self, request: str) -> _Pieces:
        """A document up to where the assistant answers `request`."""
        pieces = _Pieces()
        pieces.add([self.tokenizer.special_id(BEGIN_OF_TEXT), *self._header("user")], 0.0)
        pieces.add(self.tokenizer.encode_text(request), 0.0)
        pieces.add([self.tokenizer.special_id(END_OF_TURN), *self._header("assistant")], 0.0)
        return pieces

    def _glossed(self, chat: Sequence[str], glosses: Sequence[str], cuts: Random | None) -> WeightedDocument:
        pieces = self._asked(_GLOSS_REQUEST)
        for line, gloss in zip(chat, glosses, strict=True):
            pieces.add(self._read(line + "\n", cuts), self.reading_weight, line + "\n")
            pieces.add(self.tokenizer.encode_text(gloss + "\n"), 1.0, gloss + "\n")
        pieces.add([self.tokenizer.special_id(END_OF_TURN)], 1.0)
        return pieces.finished()

    def _questioned(
        self, simulated: SimulatedCase, narrative: Narrative, cuts: Random | None, rng: Random
    ) -> WeightedDocument:
        pieces = _Pieces()
        end_of_turn = self.tokenizer.special_id(END_OF_TURN)
        if rng.random() < _WHOLE_PROMPT_SHARE:
            renderer = PromptRenderer(self.template, self.tokenizer)
            prompt = renderer.render(narrative, self.markets[simulated.case.market])
            pieces.add(prompt.ids[: prompt.static_tokens + prompt.case_tokens], 0.0)
        else:
            pieces.add([self.tokenizer.special_id(BEGIN_OF_TEXT), *self._header("user")], 0.0)
            pieces.add(self.tokenizer.encode_text(self.template.case + "\n"), 0.0)
            pieces.add(self._case_ids(narrative, cuts), self.reading_weight, narrative.text)
        pieces.add([end_of_turn, *self._header("assistant")], 0.0)
        readings = list(read_case(simulated.case, simulated.acts))
        rng.shuffle(readings)
        for reading in readings:
            pieces.add(
                self.tokenizer.encode_text(reading.question + ":"), _QUESTION_WEIGHT, reading.question + ":"
            )
            weight = _USUAL_WEIGHT if reading.answer in _USUAL_ANSWERS else 1.0
            pieces.add(self.tokenizer.encode_text(f" {reading.answer}"), weight, f" {reading.answer}")
            pieces.add(self.tokenizer.encode_text("\n"), _QUESTION_WEIGHT, "\n")
        pieces.add([end_of_turn], _QUESTION_WEIGHT)
        return pieces.finished()

    def _case_ids(self, narrative: Narrative, cuts: Random | None) -> list[int]:
        budgets = Budgets()
        lines = (*narrative.head, *(entry.text for entry in narrative.timeline), *narrative.tail)
        ids = [token for line in lines for token in self._read(line + "\n", cuts)]
        if len(ids) <= budgets.case_tokens:
            return ids
        return fit_narrative(narrative, self.tokenizer, budgets.case_tokens, budgets.long_line_tokens).ids

    def _read(self, text: str, cuts: Random | None) -> list[int]:
        """The ids of `text`; with `cuts`, encoded in parts that end at random places."""
        if cuts is None:
            return self.tokenizer.encode_text(text)
        places = [place for place in range(1, len(text)) if cuts.random() < _CUT_RATE]
        parts = (text[start:end] for start, end in pairwise((0, *places, len(text))))
        return [token for part in parts for token in self.tokenizer.encode_text(part)]

    def _header(self, role: str) -> list[int]:
        text = self.tokenizer.encode_text
        start, end = self.tokenizer.special_id(START_HEADER), self.tokenizer.special_id(END_HEADER)
        return [start, *text(role), end, *text("\n\n")]


def _glossed_lines(read: SimulatedCase | Primer) -> list[tuple[str, str]]:
    """Every chat line as the narrative has it, with its gloss; nothing where the cut has dropped a line."""
    chat = [entry.text for entry in narrate(read.case).timeline if entry.is_chat]
    glosses = line_glosses(read.case, read.acts)
    return list(zip(chat, glosses, strict=True)) if len(chat) == len(glosses) else []

"""A narrative in at most so many tokens.

Takes: a `Narrative`, a tokenizer, a budget. Gives: token ids and a sentence for every cut. Does not: cut when all fits.

What goes first when it does not fit: the middle of overlong lines (or one long message sent last would push all others
out), then the oldest chat, then the oldest other events, then facts of the head. The tail, and the end of the chat,
stay longest. Chat and other events are each sure of half of what head and tail leave. Lines are encoded one by one,
newest first, and no more of them than the budget can hold: a 2 MB chat costs no more than a full prompt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cases.narrative import Narrative
from prompts.tokenizer import PromptTokenizer

_GAP = " … "


@dataclass(frozen=True, slots=True)
class FittedText:
    """Token ids within the budget, and what was cut, as plain sentences."""

    ids: list[int]
    cuts: tuple[str, ...]


def fit_narrative(
    narrative: Narrative, tokenizer: PromptTokenizer, budget_tokens: int, long_line_tokens: int
) -> FittedText:
    """The narrative's lines, each ended by a newline, in at most `budget_tokens` ids.

    When it does not fit, no line keeps more than `long_line_tokens`.
    """
    whole = _whole(narrative, tokenizer, budget_tokens)
    if whole is not None:
        return FittedText(whole, ())
    return _Fitting(tokenizer, budget_tokens, long_line_tokens).fit(narrative)


def _whole(narrative: Narrative, tokenizer: PromptTokenizer, budget_tokens: int) -> list[int] | None:
    ids: list[int] = []
    for text in _texts(narrative):
        ids += tokenizer.encode_text(text + "\n")
        if len(ids) > budget_tokens:
            return None
    return ids


def _texts(narrative: Narrative) -> Iterable[str]:
    yield from narrative.head
    for entry in narrative.timeline:
        yield entry.text
    yield from narrative.tail


class _Fitting:
    """One narrative that is over the budget: which lines stay, and how much of each."""

    def __init__(self, tokenizer: PromptTokenizer, budget_tokens: int, long_line_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._left = budget_tokens
        self._long_line_tokens = long_line_tokens
        self._gap = tokenizer.encode_text(_GAP)
        self._newline = tokenizer.encode_text("\n")

    def fit(self, narrative: Narrative) -> FittedText:
        tail = self._newest(narrative.tail, self._left)
        head = self._newest(narrative.head[::-1], self._left)  # the first facts of the head stay longest
        texts = [entry.text for entry in narrative.timeline]
        chat = [index for index, entry in enumerate(narrative.timeline) if entry.is_chat]
        events = [index for index, entry in enumerate(narrative.timeline) if not entry.is_chat]
        half = self._left // 2
        kept = self._newest_at(chat, texts, half)
        kept |= self._newest_at(events, texts, self._left)
        kept |= self._newest_at([index for index in chat if index not in kept], texts, self._left)
        lines = [*head[::-1], *(kept[index] for index in sorted(kept)), *tail]
        shortened = sum(was_cut for _, was_cut in lines)
        cuts = (
            _sentence(len(chat) - sum(index in kept for index in chat), "oldest chat message", "left out"),
            _sentence(len(events) - sum(index in kept for index in events), "oldest order event", "left out"),
            _sentence(len(narrative.head) - len(head), "line of order facts", "left out"),
            _sentence(len(narrative.tail) - len(tail), "line of the closing facts", "left out"),
            _sentence(shortened, "overlong line", "shortened in the middle"),
        )
        return FittedText([token for ids, _ in lines for token in ids], tuple(cut for cut in cuts if cut))

    def _newest(self, texts: Sequence[str], budget_tokens: int) -> list[tuple[list[int], bool]]:
        """The longest run of lines at the end of `texts` that fits, in the order of `texts`."""
        kept = self._newest_at(range(len(texts)), texts, budget_tokens)
        return [kept[index] for index in sorted(kept)]

    def _newest_at(
        self, indices: Sequence[int], texts: Sequence[str], budget_tokens: int
    ) -> dict[int, tuple[list[int], bool]]:
        kept: dict[int, tuple[list[int], bool]] = {}
        budget = min(budget_tokens, self._left)
        for index in reversed(indices):
            line = self._line(texts[index])
            if len(line[0]) > budget:
                break
            kept[index] = line
            budget -= len(line[0])
            self._left -= len(line[0])
        return kept

    def _line(self, text: str) -> tuple[list[int], bool]:
        """Ids of one line, and whether its middle was cut out."""
        ids = self._tokenizer.encode_text(text + "\n")
        if len(ids) <= self._long_line_tokens:
            return ids, False
        room = max(self._long_line_tokens - len(self._gap) - len(self._newline), 0)
        last_tokens = room // 3
        start, end = self._tokenizer.encode_ends(text, room - last_tokens, last_tokens)
        return [*start, *self._gap, *end, *self._newline], True


def _sentence(count: int, what: str, done: str) -> str:
    if count == 0:
        return ""
    noun, verb = (what, "was") if count == 1 else (_plural(what), "were")
    return f"prompt budget: {count} {noun} {verb} {done}"


def _plural(noun: str) -> str:
    return noun.replace("line of", "lines of") if noun.startswith("line of") else noun + "s"

"""Reads the output document while it is being written.

Takes: text in chunks of any size. Gives: findings, each as soon as it is certain. Does not: repair, guess, or take
back what it found. Pure: no clock, no engine; the same text gives the same findings however it is cut into chunks
(a `ReasoningDelta` for each chunk, so those compare when joined).

    verdict ──► factors ──► reasoning ──► end       VerdictFound at `</verdict>`, FactorsFound at `</decision_factors>`,
       │           │            │          │        ReasoningDelta as it comes, DocumentComplete at finish()
       └───────────┴────────────┴──────────┴──► Malformed: the last finding; what comes after is not read

Between the parts stands exactly what the writer writes. After `</reasoning>` white space is accepted, as engines like
to end with a newline; anything else there is a fault, so a document is only complete once the text has ended.
Each character is read once, and no part grows past its limit: time is linear, memory bounded.

Codes of `Malformed` (and of `DocumentError`): not_a_document, unknown_verdict, broken_verdict_tag, not_a_factor_list,
unknown_factor, no_factors, too_many_factors, duplicate_factor, factor_of_other_verdict, broken_factors_tag,
reasoning_too_short, reasoning_too_long, tag_in_reasoning, text_after_document, cut_short.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cases.errors import DocumentError
from cases.factor import Factor
from cases.verdict import Verdict
from prompts.document import (
    DOCUMENT_CLOSE,
    MAX_REASONING_CHARS,
    TO_FACTORS,
    TO_REASONING,
    VERDICT_OPEN,
    Document,
    check_factors,
    check_reasoning,
)

_VERDICT_CLOSE, _FACTORS_OPEN = (TO_FACTORS[: TO_FACTORS.index("\n")], TO_FACTORS[TO_FACTORS.index("\n") :])
_FACTORS_CLOSE, _REASONING_OPEN = (
    TO_REASONING[: TO_REASONING.index("\n")],
    TO_REASONING[TO_REASONING.index("\n") :],
)

_MAX_LABEL_CHARS: Final = 32  # longer than any label; what is longer has no name worth waiting for
_MAX_LIST_CHARS: Final = 400  # three factors take 120 at most; some more are read to name the fault
_LIST: Final = re.compile(r"\[(?:'[^'<]*'(?:, '[^'<]*')*)?\]")
_ITEM: Final = re.compile(r"'([^'<]*)'")
_WHITE_SPACE: Final = " \t\r\n"
_VERDICT_OF: Final = {verdict.value: verdict for verdict in Verdict}
_FACTOR_OF: Final = {factor.value: factor for factor in Factor}


@dataclass(frozen=True, slots=True)
class VerdictFound:
    """The verdict, at its closing tag; it is never retracted."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class FactorsFound:
    """One to three distinct factors of the verdict's section, in the model's order."""

    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of the reasoning, never empty; joined, the pieces are the reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class DocumentComplete:
    """The text has ended and is a document."""

    document: Document


@dataclass(frozen=True, slots=True)
class Malformed:
    """The text is no document; `code` is a stable name, `message` says where, without quoting the text."""

    code: str
    message: str


Finding = VerdictFound | FactorsFound | ReasoningDelta | DocumentComplete | Malformed


@dataclass(slots=True)
class _Tag:
    """Text that must come letter by letter: how much has come, the fault if it does not, what follows."""

    text: str
    code: str
    then: Callable[[], None]
    matched: int = 0


class DocumentParser:
    """One document. `feed` what comes, then `finish` once; after a `Malformed` neither finds anything more."""

    def __init__(self) -> None:
        """A parser of what follows the prompt's `<verdict>`."""
        self._read: Callable[[str], None] | None = self._label  # None once there was a fault
        self._tag: _Tag | None = None
        self._held: list[str] = []  # the label or the factor list, as far as it has come
        self._verdict: Verdict | None = None
        self._factors: tuple[Factor, ...] = ()
        self._reasoning: list[str] = []
        self._told_chars = 0  # how much of the reasoning was given as deltas
        self._position = 0
        self._found: list[Finding] = []
        self._finished = False

    @classmethod
    def for_document(cls) -> "DocumentParser":
        """A parser of a whole document, `<verdict>` included."""
        parser = cls()
        parser._expect(VERDICT_OPEN, "not_a_document", parser._begin_label)
        return parser

    @classmethod
    def for_explanation(cls, verdict: Verdict) -> "DocumentParser":
        """A parser of what follows `<decision_factors>`, for a verdict that is already decided."""
        parser = cls()
        parser._verdict = verdict
        parser._read = parser._list
        return parser

    @property
    def characters_read(self) -> int:
        """How many characters were read: all that were fed, or those up to and with the first that did not fit."""
        return self._position

    def feed(self, text: str) -> list[Finding]:
        """What the next chunk makes certain, in order. Raises ValueError after `finish`."""
        self._refuse_finished()
        self._found = []
        try:
            for character in text:
                if self._read is None:
                    break
                self._position += 1
                self._read(character)
        except DocumentError as error:
            self._fail(error)
        self._tell_reasoning()
        return self._found

    def finish(self) -> list[Finding]:
        """The text has ended: `DocumentComplete`, or `Malformed` if it ended too early; nothing after a fault."""
        self._refuse_finished()
        self._finished = True
        self._found = []
        if self._read == self._after and self._verdict is not None:
            self._found.append(
                DocumentComplete(Document(self._verdict, self._factors, "".join(self._reasoning)))
            )
        elif self._read is not None:
            self._fail(DocumentError("cut_short", "the text ended inside the document"))
        return self._found

    def _refuse_finished(self) -> None:
        if self._finished:
            raise ValueError("this parser has finished its document; it reads one")

    def _fail(self, error: DocumentError) -> None:
        self._tell_reasoning()
        self._found.append(Malformed(error.code, f"{error.message} (at character {self._position})"))
        self._read = None

    def _tell_reasoning(self) -> None:
        """Give what has come of the reasoning since the last time; all of it comes before a later fault."""
        if self._told_chars < len(self._reasoning):
            self._found.append(ReasoningDelta("".join(self._reasoning[self._told_chars :])))
            self._told_chars = len(self._reasoning)

    # Each of the following reads one character. They stand in the order of the document.

    def _label(self, character: str) -> None:
        if character != "<":
            self._hold(character, _MAX_LABEL_CHARS, "unknown_verdict")
            return
        label = self._take_held()
        if label not in _VERDICT_OF:
            raise DocumentError("unknown_verdict", "what stands for the verdict is none of the three labels")
        self._verdict = _VERDICT_OF[label]
        self._expect(_VERDICT_CLOSE, "broken_verdict_tag", self._end_verdict, matched=1)

    def _list(self, character: str) -> None:
        if character != "<":
            self._hold(character, _MAX_LIST_CHARS, "not_a_factor_list")
            return
        self._factors = _factors_of(self._take_held())
        if self._verdict is not None:
            check_factors(self._verdict, self._factors)
        self._expect(_FACTORS_CLOSE, "broken_factors_tag", self._end_factors, matched=1)

    def _reason(self, character: str) -> None:
        if character == "<":
            self._expect(DOCUMENT_CLOSE, "tag_in_reasoning", self._end_reasoning, matched=1)
        elif len(self._reasoning) == MAX_REASONING_CHARS:
            raise DocumentError(
                "reasoning_too_long", f"the reasoning passes {MAX_REASONING_CHARS} characters"
            )
        else:
            self._reasoning.append(character)

    def _after(self, character: str) -> None:
        if character not in _WHITE_SPACE:
            raise DocumentError("text_after_document", "something stands behind the document's end")

    def _in_tag(self, character: str) -> None:
        tag = self._tag
        if tag is None or character != tag.text[tag.matched]:
            code = tag.code if tag is not None else "not_a_document"
            raise DocumentError(code, "another text stands where a tag of the document must")
        tag.matched += 1
        if tag.matched == len(tag.text):
            tag.then()

    # What happens at the end of each tag.

    def _begin_label(self) -> None:
        self._read = self._label

    def _end_verdict(self) -> None:
        if self._verdict is not None:
            self._found.append(VerdictFound(self._verdict))
        self._expect(_FACTORS_OPEN, "broken_verdict_tag", self._begin_list)

    def _begin_list(self) -> None:
        self._read = self._list

    def _end_factors(self) -> None:
        self._found.append(FactorsFound(self._factors))
        self._expect(_REASONING_OPEN, "broken_factors_tag", self._begin_reasoning)

    def _begin_reasoning(self) -> None:
        self._read = self._reason

    def _end_reasoning(self) -> None:
        check_reasoning("".join(self._reasoning))
        self._read = self._after

    def _expect(self, text: str, code: str, then: Callable[[], None], *, matched: int = 0) -> None:
        self._tag = _Tag(text, code, then, matched)
        self._read = self._in_tag

    def _hold(self, character: str, most_characters: int, code: str) -> None:
        if len(self._held) == most_characters:
            raise DocumentError(code, f"no tag within {most_characters} characters")
        self._held.append(character)

    def _take_held(self) -> str:
        held = "".join(self._held)
        self._held = []
        return held


def _factors_of(listed: str) -> tuple[Factor, ...]:
    """The factors of `['A', 'B']`, written exactly so; raises DocumentError with its code."""
    if not _LIST.fullmatch(listed):
        raise DocumentError("not_a_factor_list", "the decision factors are not written as ['...', '...']")
    names = _ITEM.findall(listed)
    if not all(name in _FACTOR_OF for name in names):
        raise DocumentError("unknown_factor", "a decision factor is not of the closed list")
    return tuple(_FACTOR_OF[name] for name in names)


def parse_document(text: str) -> Document:
    """Read a whole document; raises DocumentError with the first fault's code."""
    parser = DocumentParser.for_document()
    for finding in (*parser.feed(text), *parser.finish()):
        match finding:
            case DocumentComplete(document):
                return document
            case Malformed(code, message):
                raise DocumentError(code, message)
            case _:
                pass
    raise DocumentError("cut_short", "the text ended inside the document")

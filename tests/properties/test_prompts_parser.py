"""The parser under any chunking, on any document and on any spoiled one."""

import sys
from itertools import pairwise
from types import FrameType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prompts.document import VERDICT_OPEN, Document
from prompts.parser import (
    DocumentComplete,
    DocumentParser,
    FactorsFound,
    Finding,
    Malformed,
    ReasoningDelta,
    VerdictFound,
    parse_document,
)
from tests.fixtures.documents import DOCUMENTS, REASONING, spoiled, written

CUTS = st.lists(st.integers(0, 800), max_size=30)


def _chunks(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


def _findings(text: str, cuts: list[int]) -> list[Finding]:
    """All findings, neighbouring reasoning deltas joined."""
    parser = DocumentParser.for_document()
    found = [finding for chunk in _chunks(text, cuts) for finding in parser.feed(chunk)]
    joined: list[Finding] = []
    for finding in (*found, *parser.finish()):
        if isinstance(finding, ReasoningDelta) and joined and isinstance(joined[-1], ReasoningDelta):
            joined[-1] = ReasoningDelta(joined[-1].text + finding.text)
        else:
            joined.append(finding)
    return joined


@given(document=DOCUMENTS, cuts=CUTS, ending=st.sampled_from(("", "\n", " \r\n\t")))
def test_what_is_written_is_read(document: Document, cuts: list[int], ending: str) -> None:
    """Every document comes back exactly, each part found in its order, however it is cut into chunks."""
    text = written(document)
    assert parse_document(text + ending) == document
    assert _findings(text + ending, cuts) == [
        VerdictFound(document.verdict),
        FactorsFound(document.factors),
        ReasoningDelta(document.reasoning),
        DocumentComplete(document),
    ]


@given(text=spoiled(), cuts=CUTS)
def test_chunking_changes_nothing(text: str, cuts: list[int]) -> None:
    """At once, in pieces or letter by letter: the same findings, down to the fault's name and place."""
    whole = _findings(text, [])
    assert _findings(text, cuts) == whole
    assert _findings(text, list(range(len(text)))) == whole


@given(text=spoiled(), cuts=CUTS)
def test_every_text_is_a_document_or_has_a_named_fault(text: str, cuts: list[int]) -> None:
    """The last finding says which, it says so once, and at most one verdict is ever found."""
    findings = _findings(text, cuts)
    last = [finding for finding in findings if isinstance(finding, DocumentComplete | Malformed)]
    assert findings[-1:] == last
    assert sum(isinstance(finding, VerdictFound) for finding in findings) <= 1
    if isinstance(last[0], DocumentComplete):
        assert written(last[0].document) == text.rstrip(" \t\r\n")


@given(text=spoiled(), ending=st.text(max_size=20), cuts=CUTS)
def test_nothing_found_is_taken_back(text: str, ending: str, cuts: list[int]) -> None:
    """More text adds findings and changes none of the earlier ones."""
    parser, longer = DocumentParser.for_document(), DocumentParser.for_document()
    before = [finding for chunk in _chunks(text, cuts) for finding in parser.feed(chunk)]
    after = [finding for chunk in (*_chunks(text, cuts), ending) for finding in longer.feed(chunk)]
    assert after[: len(before)] == before


@given(document=DOCUMENTS, cuts=CUTS)
def test_every_way_in_reads_the_same_document(document: Document, cuts: list[int]) -> None:
    """After the prompt's tag, and after the factors' tag with the verdict given, the document is the same."""
    text = written(document).removeprefix(VERDICT_OPEN)
    explanation = text.split("<decision_factors>", 1)[1]
    for parser, rest in (
        (DocumentParser(), text),
        (DocumentParser.for_explanation(document.verdict), explanation),
    ):
        for chunk in _chunks(rest, cuts):
            parser.feed(chunk)
        assert parser.finish() == [DocumentComplete(document)]


def _lines_run(chunks: list[str]) -> int:
    """How many lines of Python the parser runs for these chunks."""
    lines = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    parser = DocumentParser.for_document()
    before = sys.gettrace()
    sys.settrace(count)
    try:
        for chunk in chunks:
            parser.feed(chunk)
    finally:
        sys.settrace(before)
    return lines


def test_work_is_linear_in_the_text() -> None:
    """Per further character of reasoning the parser runs the same few lines, in chunks of one as in one chunk."""
    start = written(parse_document(_document_of(REASONING))).removesuffix("</reasoning>")
    for size in (1, 600):
        runs = []
        for length in (100, 200, 400):
            text = start + "a" * length
            runs.append(_lines_run([text[i : i + size] for i in range(0, len(text), size)]))
        assert runs[2] - runs[1] == 2 * (runs[1] - runs[0])


@given(text=spoiled(), ending=st.text(min_size=1, max_size=50))
def test_each_character_is_read_once(text: str, ending: str) -> None:
    """As many characters are read as were fed, and none behind a fault."""
    parser = DocumentParser.for_document()
    findings = parser.feed(text)
    read = parser.characters_read
    assert read <= len(text)
    if any(isinstance(finding, Malformed) for finding in findings):
        assert parser.feed(ending) == []
        assert parser.finish() == []
        assert parser.characters_read == read
    else:
        assert read == len(text)


def _document_of(reasoning: str) -> str:
    return (
        f"<verdict>induced</verdict>\n<decision_factors>['Chat - ignored buyer']</decision_factors>\n"
        f"<reasoning>{reasoning}</reasoning>"
    )

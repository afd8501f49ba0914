"""The document by example: the contract's own, and every fault under its name."""

import pytest

from cases.errors import DocumentError
from cases.factor import Factor
from cases.verdict import Verdict
from prompts.document import Document, document_pieces, write_document
from prompts.parser import (
    DocumentParser,
    FactorsFound,
    Malformed,
    ReasoningDelta,
    VerdictFound,
    parse_document,
)

REASONING = "The seller asked the buyer to cancel because nothing was left."
TEXT = (
    "<verdict>induced</verdict>\n"
    "<decision_factors>['Chat - asked to cancel', 'Fulfillment - no shipping update']</decision_factors>\n"
    f"<reasoning>{REASONING}</reasoning>"
)
FACTORS = (Factor.CHAT_ASKED_TO_CANCEL, Factor.FULFILLMENT_NO_SHIPPING_UPDATE)
LIST = "['Chat - asked to cancel', 'Fulfillment - no shipping update']"


def _named(code: str, old: str, new: str) -> object:
    return pytest.param(code, TEXT.replace(old, new, 1), id=f"{code}: {new[:24]!r}")


FAULTS = [
    pytest.param("cut_short", "", id="cut_short: nothing"),
    _named("cut_short", "</reasoning>", ""),
    _named("cut_short", TEXT[12:], ""),
    _named("not_a_document", "<verdict>", " <verdict>"),
    _named("not_a_document", "<verdict>", "<b>"),
    _named("unknown_verdict", "induced", "Induced"),
    _named("unknown_verdict", "induced", " induced"),
    _named("unknown_verdict", "induced", "not_"),
    _named("unknown_verdict", "induced", "a" * 1000),
    _named("broken_verdict_tag", "</verdict>\n", "</verdict> \n"),
    _named("broken_verdict_tag", "</verdict>", "</b>"),
    _named("not_a_factor_list", LIST, "['Chat - asked to cancel',]"),
    _named("not_a_factor_list", LIST, '["Chat - asked to cancel"]'),
    _named("not_a_factor_list", LIST, "Chat - asked to cancel"),
    _named("not_a_factor_list", LIST, "['a'" * 200),
    _named("unknown_factor", LIST, "['Chat - Asked to cancel']"),
    _named("unknown_factor", LIST, "['']"),
    _named("no_factors", LIST, "[]"),
    _named("too_many_factors", LIST, "['Chat - ignored buyer', 'Chat - refused to ship', " + LIST[1:]),
    _named("duplicate_factor", LIST, "['Chat - asked to cancel', 'Chat - asked to cancel']"),
    _named("factor_of_other_verdict", LIST, "['Buyer - changed mind']"),
    _named("broken_factors_tag", "</decision_factors>", "</factors>"),
    _named("broken_factors_tag", "</decision_factors>\n", "</decision_factors>"),
    _named("reasoning_too_short", REASONING, "It was the seller.."),
    _named("reasoning_too_long", REASONING, "a" * 601),
    _named("tag_in_reasoning", REASONING, REASONING + "<b>"),
    _named("text_after_document", "</reasoning>", "</reasoning>\nI hope this helps."),
]


def test_the_contracts_document_is_read() -> None:
    """The example is read, and written again letter by letter."""
    document = parse_document(TEXT)
    assert document == Document(Verdict.INDUCED, FACTORS, REASONING)
    assert write_document(document.verdict, document.factors, document.reasoning) == TEXT


def test_the_pieces_are_fixed() -> None:
    """Training and serving share these six pieces after the prompt's `<verdict>`."""
    assert document_pieces(Verdict.INDUCED, FACTORS, REASONING) == (
        "induced",
        "</verdict>\n<decision_factors>",
        LIST,
        "</decision_factors>\n<reasoning>",
        REASONING,
        "</reasoning>",
    )


@pytest.mark.parametrize(("code", "text"), FAULTS)
def test_every_fault_has_a_name(code: str, text: str) -> None:
    """Each malformed text is an error with its own code, and the message does not quote the text."""
    with pytest.raises(DocumentError) as caught:
        parse_document(text)
    assert caught.value.code == code
    assert "at character" in caught.value.message
    assert "Chat -" not in caught.value.message


@pytest.mark.parametrize(
    ("code", "factors", "reasoning"),
    [
        ("no_factors", (), REASONING),
        ("duplicate_factor", (Factor.CHAT_IGNORED_BUYER,) * 2, REASONING),
        ("too_many_factors", tuple(Factor)[:4], REASONING),
        ("factor_of_other_verdict", (Factor.EVIDENCE_UNREADABLE,), REASONING),
        ("reasoning_too_short", FACTORS, "a" * 19),
        ("reasoning_too_long", FACTORS, "a" * 601),
        ("tag_in_reasoning", FACTORS, REASONING + "<"),
    ],
)
def test_the_writer_writes_no_malformed_document(
    code: str, factors: tuple[Factor, ...], reasoning: str
) -> None:
    """What could not be read back is refused under the same names."""
    with pytest.raises(DocumentError) as caught:
        write_document(Verdict.INDUCED, factors, reasoning)
    assert caught.value.code == code


def test_a_call_from_the_seller_supports_two_verdicts() -> None:
    """`Call - phone call from seller` stands for induced and for inconclusive, not for not_induced."""
    for verdict in (Verdict.INDUCED, Verdict.INCONCLUSIVE):
        text = write_document(verdict, (Factor.CALL_FROM_SELLER,), REASONING)
        assert parse_document(text).factors == (Factor.CALL_FROM_SELLER,)
    with pytest.raises(DocumentError, match="factor_of_other_verdict"):
        write_document(Verdict.NOT_INDUCED, (Factor.CALL_FROM_SELLER,), REASONING)


def test_parts_are_found_at_their_closing_tags() -> None:
    """The verdict waits for `</verdict>`, the factors for `</decision_factors>`; reasoning flows."""
    parser = DocumentParser()
    assert parser.feed("not_induced</verdict") == []
    assert parser.feed(">\n<decision_factors>['Buyer - changed mind']</decision_factor") == [
        VerdictFound(Verdict.NOT_INDUCED)
    ]
    assert parser.feed("s>") == [FactorsFound((Factor.BUYER_CHANGED_MIND,))]
    assert parser.feed("\n<reasoning>The buyer") == [ReasoningDelta("The buyer")]
    assert parser.feed(" changed") == [ReasoningDelta(" changed")]


def test_a_fault_comes_after_what_was_good() -> None:
    """In one chunk: the verdict, the factors and the reasoning so far, then the fault, then nothing."""
    parser = DocumentParser.for_document()
    findings = parser.feed(TEXT.replace("</reasoning>", "<b>more"))
    assert findings[:3] == [VerdictFound(Verdict.INDUCED), FactorsFound(FACTORS), ReasoningDelta(REASONING)]
    assert [type(finding) for finding in findings[3:]] == [Malformed]
    assert (parser.feed("</reasoning>"), parser.finish()) == ([], [])


def test_a_parser_reads_one_document() -> None:
    """After `finish` neither `feed` nor `finish` may be called."""
    parser = DocumentParser.for_document()
    parser.feed(TEXT)
    parser.finish()
    with pytest.raises(ValueError, match="it reads one"):
        parser.feed("")
    with pytest.raises(ValueError, match="it reads one"):
        parser.finish()

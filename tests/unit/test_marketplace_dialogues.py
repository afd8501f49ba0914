"""Hand-written dialogues: read as cases that the policy labels as their author expects, every fault named.

Takes: small files written for the test, and the shipped ones. Gives: failures that name language and dialogue.
"""

from pathlib import Path

import pytest

from cases.case import ChatKind, Sender
from cases.errors import ConfigError
from cases.verdict import Verdict
from marketplace.acts import Act
from marketplace.dialogues import held_out_names, load_dialogues

GOOD = """
[[dialogue]]
name = "asked after the stock-out"
expect = "induced"
placed = -72.5
promised = -24
clicked = "change_of_mind"
events = ["-72.4 deadline_set -24", "-20 stock_out"]
calls = ["-3 seller answered 45", "-2 buyer missed"]
chat = [
  "-30.5 buyer b_ask_when_ship | when can ship ah",
  "-29.9 seller s_claim_oos s_ask_cancel | no stock liao, u cancel can",
  "-10 buyer voice |",
]

[[dialogue]]
name = "a date in time"
expect = "not_induced"
placed = -10
promised = 20
chat = ["-5 seller s_promise_date@15 | tomorrow ship"]
"""


def _written(folder: Path, text: str) -> Path:
    (folder / "xx-XX").mkdir()
    (folder / "xx-XX" / "dialogues.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_script_becomes_a_labelled_case(tmp_path: Path) -> None:
    """Times are hours before the cancellation; acts keep their line, and a handover named behind @ its moment."""
    first, second = load_dialogues("xx-XX", "SG", _written(tmp_path, GOOD))
    case = first.case
    assert case.label is not None
    assert case.label.verdict is Verdict.INDUCED
    assert case.chat is not None
    assert case.calls is not None
    assert case.fulfillment is not None
    assert [m.kind for m in case.chat] == [ChatKind.TEXT, ChatKind.TEXT, ChatKind.VOICE]
    assert case.chat[1].text == "no stock liao, u cancel can"
    assert [(a.act, a.line_index, a.sender) for a in first.acts][1:] == [
        (Act.S_CLAIM_OOS, 1, Sender.SELLER),
        (Act.S_ASK_CANCEL, 1, Sender.SELLER),
    ]
    assert [call.answered for call in case.calls] == [True, False]
    assert case.fulfillment[0].new_deadline == case.order.promised_ship_at
    until = second.acts[0].until
    assert until is not None
    assert (until - second.case.order.cancelled_at).total_seconds() == 15 * 3600


def test_a_quarter_is_held_out_by_name() -> None:
    """The split is a function of the names: a quarter, rounded up, whatever their order."""
    names = tuple(f"dialogue {n}" for n in range(41))
    assert len(held_out_names(names)) == 11
    assert held_out_names(names) == held_out_names(names[::-1])


def test_a_language_without_dialogues_has_none(tmp_path: Path) -> None:
    """A pack may lack them; that is no fault."""
    assert load_dialogues("xx-XX", "SG", tmp_path) == ()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('expect = "induced"', 'expect = "not_induced"', "expects not_induced, the policy says induced"),
        ("s_claim_oos s_ask_cancel", "s_claim_oss", "'s_claim_oss' is no Act"),
        ("seller s_claim_oos", "buyer s_claim_oos", "buyer cannot do s_claim_oos"),
        ("| no stock liao, u cancel can", "", "write 'hours sender act"),
        ("| no stock liao, u cancel can", "|  ", "says nothing"),
        ("-29.9 seller", "-31 seller", "lies before the one above"),
        ("-29.9 seller", "noon seller", "'noon' is no number of hours"),
        ("-20 stock_out", "-20", "write 'hours event'"),
        ("-20 stock_out", "-20 sold", "'sold' is no FulfillmentKind"),
        ("-3 seller answered 45", "-3 seller answered", "write 'hours seller|buyer answered SECONDS'"),
        ("s_promise_date@15", "s_ack@15", "s_ack names no handover"),
        ('"a date in time"', '"asked after the stock-out"', "stands twice"),
        ("placed = -10", "planted = -10", "planted"),
        ("[[dialogue]]", "[[dialogue", "dialogues.toml"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """Every slip of a writer is told by dialogue and line."""
    with pytest.raises(ConfigError, match="language pack xx-XX") as caught:
        load_dialogues("xx-XX", "SG", _written(tmp_path, GOOD.replace(old, new, 1)))
    assert fault in str(caught.value)

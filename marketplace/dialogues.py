"""Whole dialogues written by hand: short scripts in a language pack, read as labelled cases.

Takes: `marketplace/packs/<language>/dialogues.toml`. Gives: `Dialogue`s, each a case with its acts, labelled by policy.
Does not: word or change a line; a quarter of each language's dialogues is held out of every training.

One dialogue (times are hours before the cancellation, negative):

    [[dialogue]]
    name = "stock gone after the sale"
    expect = "induced"               # what its author says the policy decides; the policy has to agree
    placed = -72.5
    promised = -24                   # optional, as are shipped, clicked, events and calls
    clicked = "change_of_mind"
    events = ["-72.4 deadline_set -24", "-20 stock_out"]        # time, event, new deadline
    calls = ["-3.2 seller answered 45", "-2 buyer missed"]      # absent: unknown; []: known to be none
    chat = [
      "-30.5 buyer b_ask_when_ship | when can ship ah",
      "-29.9 seller s_claim_oos s_ask_cancel | no stock liao, u cancel can",
      "-29 seller s_promise_date@-5 | tomorrow morning",        # an act that names a handover carries it behind @
      "-10 buyer voice |",                                      # image, sticker, voice: no acts, no words
    ]
"""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cases.case import (
    BuyerReason,
    Call,
    CallDirection,
    Case,
    ChatKind,
    ChatMessage,
    FulfillmentEvent,
    FulfillmentKind,
    LabelledCase,
    Order,
    Sender,
)
from cases.errors import ConfigError
from cases.verdict import Verdict
from marketplace.acts import NAMES_A_DATE, Act
from marketplace.market_facts import market_facts
from marketplace.packs import PACKS
from marketplace.policy import policy_label
from marketplace.simulate import with_label
from marketplace.talk import UtteredAct

FILE: Final = "dialogues.toml"
_CANCELLED_AT: Final = datetime(2025, 11, 3, 9, 0, tzinfo=UTC)
_DAYS: Final = 50
_UNREADABLE: Final = {kind.value: kind for kind in ChatKind if kind is not ChatKind.TEXT}
_CALLERS: Final = {"seller": CallDirection.SELLER_TO_BUYER, "buyer": CallDirection.BUYER_TO_SELLER}


class _FaultError(ConfigError):
    """A line of a script that cannot be read; told with the others of its file."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A script as a case. `case.label` is the policy's, from the record and the acts that its author named."""

    name: str
    case: LabelledCase
    acts: tuple[UtteredAct, ...]
    held_out: bool


_Kind = TypeVar("_Kind", FulfillmentKind, Sender, ChatKind, Act)


class _Script(BaseModel):
    """One table of the file, as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=3)
    expect: Verdict
    placed: float = Field(lt=0)
    promised: float | None = None
    shipped: float | None = Field(default=None, le=0)
    clicked: BuyerReason | None = None
    events: tuple[str, ...] | None = None
    calls: tuple[str, ...] | None = None
    chat: tuple[str, ...] = ()


def dialogues_of(markets: Sequence[str], *, held_out: bool, packs: Path = PACKS) -> tuple[Dialogue, ...]:
    """The dialogues of these markets' languages, only those held out of all training or only the others.

    Raises ConfigError as `load_dialogues` does, and for a market that cannot be simulated.
    """
    return tuple(
        dialogue
        for market in markets
        for dialogue in load_dialogues(market_facts(market).language, market, packs)
        if dialogue.held_out is held_out
    )


def load_dialogues(language: str, market: str, packs: Path = PACKS) -> tuple[Dialogue, ...]:
    """The dialogues of a language, as cases of `market`, in the order of the file; none where there is no file.

    Raises ConfigError naming every script that cannot be read, is named twice, or is labelled otherwise by the policy
    than its author says.
    """
    path = packs / language / FILE
    if not path.exists():
        return ()
    where = f"language pack {language}: {FILE}"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("dialogue", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: {error}") from error
    faults: list[str] = []
    scripts = list(_scripts(tables, faults))
    kept_back = held_out_names(tuple(script.name for script in scripts))
    dialogues = []
    for script in scripts:
        try:
            dialogues.append(_dialogue(script, language, market, held_out=script.name in kept_back))
        except (_FaultError, ValidationError) as error:
            faults.append(f"{script.name!r}: {error}")
    if faults:
        raise ConfigError(f"{where}: " + "; ".join(faults))
    return tuple(dialogues)


def held_out_names(names: tuple[str, ...]) -> frozenset[str]:
    """A quarter of the names, rounded up: those with the lowest SHA-256."""
    ranked = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    return frozenset(ranked[: -(-len(ranked) // 4)])


def _scripts(tables: object, faults: list[str]) -> Iterator[_Script]:
    seen: set[str] = set()
    for number, table in enumerate(tables if isinstance(tables, list) else [tables], start=1):
        try:
            script = _Script.model_validate(table)
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            faults.append(f"dialogue {number}: {told}")
            continue
        if script.name in seen:
            faults.append(f"dialogue {number}: the name {script.name!r} stands twice")
        seen.add(script.name)
        yield script


def _dialogue(script: _Script, language: str, market: str, *, held_out: bool) -> Dialogue:
    digest = hashlib.sha256(f"{language}/{script.name}".encode()).hexdigest()
    clock = _Clock(
        _CANCELLED_AT + timedelta(days=int(digest[:8], 16) % _DAYS, seconds=int(digest[8:14], 16) % 43_200)
    )
    chat, acts = _chat(script, clock)
    case = Case(
        case_id=f"{language}-script-{digest[:10]}",
        market=market,
        language=language,
        order=Order(
            order_id=f"O-{digest[:10]}",
            placed_at=clock.at(script.placed),
            cancelled_at=clock.end,
            promised_ship_at=None if script.promised is None else clock.at(script.promised),
            shipped_at=None if script.shipped is None else clock.at(script.shipped),
            buyer_reason=script.clicked,
        ),
        fulfillment=None if script.events is None else tuple(_event(line, clock) for line in script.events),
        calls=None if script.calls is None else tuple(_call(line, clock) for line in script.calls),
        chat=chat,
    )
    label = policy_label(case, acts)
    if label.verdict is not script.expect:
        raise _FaultError(f"its author expects {script.expect.value}, the policy says {label.verdict.value}")
    return Dialogue(script.name, with_label(case, label), acts, held_out)


@dataclass(frozen=True, slots=True)
class _Clock:
    end: datetime

    def at(self, hours: float | str) -> datetime:
        """The moment `hours` (negative: before) from the cancellation, in whole seconds."""
        try:
            return self.end + timedelta(seconds=round(float(hours) * 3600))
        except ValueError:
            raise _FaultError(f"{hours!r} is no number of hours") from None


def _chat(script: _Script, clock: _Clock) -> tuple[tuple[ChatMessage, ...], tuple[UtteredAct, ...]]:
    messages: list[ChatMessage] = []
    acts: list[UtteredAct] = []
    for index, line in enumerate(script.chat):
        head, bar, text = line.partition("|")
        words = head.split()
        if not bar or len(words) < 3:
            raise _FaultError(
                f"chat line {line!r}: write 'hours sender act ... | text', or 'hours sender voice |'"
            )
        at, sender = clock.at(words[0]), _one_of(Sender, words[1])
        if messages and messages[-1].at is not None and at < messages[-1].at:
            raise _FaultError(f"chat line {line!r} lies before the one above it")
        if words[2] in _UNREADABLE:
            messages.append(ChatMessage(at=at, sender=sender, kind=_UNREADABLE[words[2]]))
            continue
        if not text.strip():
            raise _FaultError(f"chat line {line!r} says nothing")
        messages.append(ChatMessage(at=at, sender=sender, kind=ChatKind.TEXT, text=text.strip()))
        acts += [_act(word, at, sender, index, clock) for word in words[2:]]
    return tuple(messages), tuple(acts)


def _act(word: str, at: datetime, sender: Sender, index: int, clock: _Clock) -> UtteredAct:
    name, mark, until = word.partition("@")
    act = _one_of(Act, name)
    if sender not in act.senders:
        raise _FaultError(f"{sender.value} cannot do {act.value}")
    if mark and act not in NAMES_A_DATE:
        raise _FaultError(f"{act.value} names no handover; leave out {mark}{until}")
    return UtteredAct(
        at=at, sender=sender, act=act, line_index=index, until=clock.at(until) if mark else None
    )


def _event(line: str, clock: _Clock) -> FulfillmentEvent:
    words = line.split()
    if len(words) not in {2, 3}:
        raise _FaultError(f"event {line!r}: write 'hours event' or 'hours event hours-of-new-deadline'")
    deadline = clock.at(words[2]) if len(words) == 3 else None
    return FulfillmentEvent(
        at=clock.at(words[0]), event=_one_of(FulfillmentKind, words[1]), new_deadline=deadline
    )


def _call(line: str, clock: _Clock) -> Call:
    words = line.split()
    caller = _CALLERS.get(words[1]) if len(words) > 2 else None
    answered = words[2:3] == ["answered"] and len(words) == 4
    missed = words[2:] == ["missed"]
    if caller is None or not (answered or missed):
        raise _FaultError(
            f"call {line!r}: write 'hours seller|buyer answered SECONDS' or 'hours seller|buyer missed'"
        )
    seconds = float(words[3]) if answered else 0.0
    return Call(at=clock.at(words[0]), direction=caller, answered=answered, seconds=seconds)


def _one_of(kind: type[_Kind], word: str) -> _Kind:
    try:
        return kind(word)
    except ValueError:
        raise _FaultError(f"{word!r} is no {kind.__name__}") from None

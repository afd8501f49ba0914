"""Counterfactual pairs: one decisive act or event changed so that the policy's verdict changes, all else the same.

Takes: `SimulationSettings` (cases_per_market is the number of pairs a market). Gives: `CounterfactualPair`s.
Does not: change two things at once, or leave words in the chat that answer what is no longer there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random

from cases.case import Call, CallDirection, FulfillmentEvent, FulfillmentKind
from cases.market import Markets
from marketplace.acts import CANCELLING_OFFERS, NAMES_A_DATE, OWN_REASONS, REFUSALS, REQUESTS, Act
from marketplace.packs import PACKS
from marketplace.revision import with_line, with_record
from marketplace.settings import SimulationSettings
from marketplace.simulate import Observed, SimulatedCase, World, worlds_of

# Replies that make no sense once the seller's words before them are gone.
_ECHOES = frozenset(
    {
        Act.B_AGREE_CANCEL,
        Act.B_REFUSE_CANCEL,
        Act.B_MENTIONS_SELLER_ASKED,
        Act.B_ACCEPT_VARIANT,
        Act.S_COACH_REASON,
        Act.S_OFFER_VARIANT_SAME_ORDER,
    }
)
_EXITS = (
    REQUESTS
    | REFUSALS
    | CANCELLING_OFFERS
    | {Act.S_CANCEL_IF_CANT_WAIT, Act.S_PRESSURE_THREAT, Act.S_MOVE_TO_APP}
)
_HARMLESS = (Act.S_ANSWER_STATUS, Act.S_ACK, Act.S_SMALL_TALK)
_WAYS_OUT = (
    Act.S_ASK_CANCEL,
    Act.S_ASK_CANCEL_INDIRECT,
    Act.S_CLAIM_OOS,
    Act.S_CANNOT_FULFIL,
    Act.S_PRICE_ERROR,
    Act.S_REFUSE_SHIP,
    Act.S_OFFER_REORDER,
    Act.S_OFFER_VARIANT_NEW_ORDER,
    Act.S_OFFPLATFORM_OFFER,
)
# Words that would contradict another promised time.
_ABOUT_TIME = NAMES_A_DATE | {
    Act.S_CANCEL_IF_CANT_WAIT,
    Act.S_EXCUSE_DELAY,
    Act.S_PRESSURE_THREAT,
    Act.B_CHASE,
    Act.B_ANGRY,
    Act.B_TOO_SLOW_CANCEL,
    Act.B_AGREE_WAIT,
}
_TELLING_SECONDS = 75.0
_MOST_OF_A_KIND = 0.18


@dataclass(frozen=True, slots=True)
class CounterfactualPair:
    """Two cases that differ in one thing, named by `change`, and in their verdict by policy."""

    original: SimulatedCase
    changed: SimulatedCase
    change: str


Edit = Callable[[Observed, Random], SimulatedCase | None]


def counterfactual_pairs(
    settings: SimulationSettings, markets: Markets, packs: Path = PACKS
) -> Iterator[CounterfactualPair]:
    """`settings.cases_per_market` pairs of each market in turn, the kinds of change in rotation where they apply.

    Raises ConfigError or UnknownMarketError at once if the settings or a language pack are wrong.
    """
    worlds = worlds_of(settings, markets, packs)
    return (
        pair
        for world in worlds
        for pair in islice(pairs_of(world, "counterfactual"), settings.cases_per_market)
    )


def pairs_of(world: World, stream: str) -> Iterator[CounterfactualPair]:
    """Pairs of one market without end; another stream is another set of orders."""
    rng = world.generator(f"{stream}/edits")
    made = dict.fromkeys(_EDITS, 0)
    for observed in world.observed(stream):
        most = 2 + _MOST_OF_A_KIND * sum(made.values())
        for name in sorted(_EDITS, key=lambda n: (made[n], n)):  # the rarest kind first
            if made[name] > most:
                break
            changed = _EDITS[name](observed, rng)
            if changed is not None and changed.label.verdict is not observed.simulated.label.verdict:
                made[name] += 1
                yield CounterfactualPair(observed.simulated, changed, name)
                break


def _lines_doing(observed: Observed, acts: frozenset[Act]) -> list[int]:
    return sorted({a.line_index for a in observed.simulated.acts if a.act in acts})


def _seller_says_harmless(observed: Observed, rng: Random) -> SimulatedCase | None:
    """The seller's only way out becomes an ordinary message."""
    lines = _lines_doing(observed, _EXITS)
    if len(lines) != 1 or _echoes(observed):
        return None
    return with_line(observed, lines[0], (rng.choice(_HARMLESS),))


def _seller_wants_out(observed: Observed, rng: Random) -> SimulatedCase | None:
    """An ordinary message of the seller becomes a request, a refusal or an offer."""
    lines = _lines_doing(observed, frozenset(_HARMLESS) | {Act.S_ANSWER_QUESTION})
    if not lines:
        return None
    return with_line(observed, rng.choice(lines), (rng.choice(_WAYS_OUT),))


def _buyer_names_own_cause(observed: Observed, rng: Random) -> SimulatedCase | None:
    """A buyer who cancels for the waiting names a cause of its own instead."""
    lines = _lines_doing(observed, frozenset({Act.B_TOO_SLOW_CANCEL, Act.B_ANNOUNCE_CANCEL}))
    if not lines:
        return None
    return with_line(
        observed, lines[0], (rng.choice((Act.B_CHANGE_MIND, Act.B_FOUND_CHEAPER, Act.B_DUPLICATE)),)
    )


def _buyer_blames_waiting(observed: Observed, _rng: Random) -> SimulatedCase | None:
    """The buyer's own cause becomes the waiting."""
    lines = _lines_doing(observed, OWN_REASONS - {Act.B_ASK_CHANGE})
    return with_line(observed, lines[0], (Act.B_TOO_SLOW_CANCEL,)) if len(lines) == 1 else None


def _machine_answers(observed: Observed, rng: Random) -> SimulatedCase | None:
    """The seller's only answer becomes an auto-reply."""
    lines = _lines_doing(observed, frozenset({Act.S_ANSWER_STATUS}))
    return with_line(observed, rng.choice(lines), (Act.S_AUTO_REPLY,)) if lines else None


def _denial_is_withdrawn(observed: Observed, _rng: Random) -> SimulatedCase | None:
    """The seller's denial becomes a plain "noted"."""
    lines = _lines_doing(observed, frozenset({Act.S_DENY_SAID}))
    return with_line(observed, lines[0], (Act.S_ACK,)) if len(lines) == 1 else None


def _call_is_answered(observed: Observed, rng: Random) -> SimulatedCase | None:
    """A call from the seller was answered, or rather was not."""
    case = observed.simulated.case
    calls = list(case.calls or ())
    if not calls:
        return None
    index = rng.randrange(len(calls))
    was = calls[index]
    if was.at is None or case.order.cancelled_at - was.at < timedelta(seconds=_TELLING_SECONDS):
        return None
    calls[index] = was.model_copy(
        update={"answered": not was.answered, "seconds": 0.0 if was.answered else _TELLING_SECONDS}
    )
    return with_record(observed, {"calls": tuple(calls)})


def _call_is_made(observed: Observed, rng: Random) -> SimulatedCase | None:
    """The empty call list holds an answered call shortly before the cancellation."""
    case = observed.simulated.case
    at = case.order.cancelled_at - timedelta(seconds=rng.randint(1_200, 14_400))
    if case.calls != () or at <= case.order.placed_at:
        return None
    call = Call(at=at, direction=CallDirection.SELLER_TO_BUYER, answered=True, seconds=_TELLING_SECONDS)
    return with_record(observed, {"calls": (call,)})


def _promise_moves(observed: Observed, rng: Random) -> SimulatedCase | None:
    """The promised time lies two to four days earlier, or later."""
    case = observed.simulated.case
    promised = case.order.promised_ship_at
    if (
        promised is None
        or case.fulfillment is None
        or any(a.act in _ABOUT_TIME for a in observed.simulated.acts)
    ):
        return None
    if any(e.event is not FulfillmentKind.DEADLINE_SET for e in case.fulfillment):
        return None  # its deadline events would contradict the new promise
    days = rng.randint(2, 4) * (1 if promised < case.order.cancelled_at else -1)
    moved = promised + timedelta(days=days)
    if moved <= case.order.placed_at:
        return None
    events = tuple(e.model_copy(update={"new_deadline": moved}) for e in case.fulfillment)
    order = case.order.model_copy(update={"promised_ship_at": moved})
    return with_record(observed, {"order": order, "fulfillment": events})


def _stock_runs_out(observed: Observed, rng: Random) -> SimulatedCase | None:
    """A stock-out is recorded before the cancellation, or the recorded one is not."""
    case = observed.simulated.case
    if case.fulfillment is None:
        return None
    kept = tuple(e for e in case.fulfillment if e.event is not FulfillmentKind.STOCK_OUT)
    if len(kept) < len(case.fulfillment):
        return with_record(observed, {"fulfillment": kept})
    at = case.order.cancelled_at - timedelta(seconds=rng.randint(900, 10_800))
    if at <= case.order.placed_at or observed.simulated.acts:
        return None
    event = FulfillmentEvent(at=at, event=FulfillmentKind.STOCK_OUT)
    return with_record(observed, {"fulfillment": (*kept, event)})


def _parcel_was_packed(observed: Observed, rng: Random) -> SimulatedCase | None:
    """The parcel was packed in time, or the packing was not."""
    case = observed.simulated.case
    promised = case.order.promised_ship_at
    if case.fulfillment is None or promised is None or case.order.shipped_at is not None:
        return None
    kept = tuple(e for e in case.fulfillment if e.event is not FulfillmentKind.PACKED)
    if len(kept) < len(case.fulfillment):
        return with_record(observed, {"fulfillment": kept})
    at = promised - timedelta(seconds=rng.randint(1_800, 14_400))
    if not case.order.placed_at < at <= case.order.cancelled_at:
        return None
    event = FulfillmentEvent(at=at, event=FulfillmentKind.PACKED)
    return with_record(observed, {"fulfillment": (*kept, event)})


def _echoes(observed: Observed) -> bool:
    return any(a.act in _ECHOES for a in observed.simulated.acts)


_EDITS: dict[str, Edit] = {
    "seller's way out becomes harmless": _seller_says_harmless,
    "harmless words become a way out": _seller_wants_out,
    "buyer names a cause of its own": _buyer_names_own_cause,
    "buyer blames the waiting": _buyer_blames_waiting,
    "an answer becomes an auto-reply": _machine_answers,
    "the denial is withdrawn": _denial_is_withdrawn,
    "a call is answered or not": _call_is_answered,
    "a call is made": _call_is_made,
    "the promise moves": _promise_moves,
    "a stock-out is recorded or not": _stock_runs_out,
    "the parcel was packed or not": _parcel_was_packed,
}

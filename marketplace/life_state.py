"""The state of one order while its story unfolds, and the agenda of what happens next.

Takes: a shop, one of its orders, a buyer, a generator. Gives: `Life` with methods to note events and to plan others.
Does not: decide anything; `life_parcel`, `life_seller` and `life_buyer` do.
"""

import heapq
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random

from cases.case import BuyerReason, ChatKind, FulfillmentKind, Sender
from marketplace.acts import NAMES_A_DATE, Act
from marketplace.history import Cause, CauseKind, ParcelEvent, PhoneCall, Problem, ShopOrder, Strategy, Turn
from marketplace.rhythm import HOUR_S, MINUTE_S, LocalClock, is_awake, next_open
from marketplace.shop import Shop
from marketplace.traits import BuyerTraits, SellerTraits


class Step(Enum):
    """What can come up on the agenda."""

    PACK = auto()
    HAND_OVER = auto()
    COURIER_SCAN = auto()
    DELIVERED = auto()
    DEADLINE_NEAR = auto()
    DEADLINE = auto()
    PROBLEM = auto()
    STRATEGY = auto()
    SELLER_REPLY = auto()
    BUYER_FIRST_WORDS = auto()
    BUYER_ASKS = auto()
    BUYER_SECOND_THOUGHT = auto()
    BUYER_LOSES_PATIENCE = auto()
    BUYER_ANSWERS = auto()
    BUYER_CANCELS = auto()
    INNOCENT_CONTACT = auto()


_BUYERS = frozenset(
    {
        Step.BUYER_FIRST_WORDS,
        Step.BUYER_ASKS,
        Step.BUYER_SECOND_THOUGHT,
        Step.BUYER_LOSES_PATIENCE,
        Step.BUYER_ANSWERS,
        Step.BUYER_CANCELS,
    }
)
_STAYS_UP_S = 45.0 * MINUTE_S  # who has just done something is not asleep yet
_AFTER_WAKING_S = 150.0 * MINUTE_S


@dataclass(slots=True)
class Life:
    """One order's story so far."""

    rng: Random
    shop: Shop
    order: ShopOrder
    buyer: BuyerTraits
    clock: LocalClock
    now_s: float = 0.0
    turns: list[Turn] = field(default_factory=list)
    parcel: list[ParcelEvent] = field(default_factory=list)
    calls: list[PhoneCall] = field(default_factory=list)
    strategy: Strategy = Strategy.NO_WORD
    deadline_s: float = 0.0
    extensions: int = 0
    problem_known: bool = False
    packed_s: float | None = None
    handed_over_s: float | None = None
    question_s: float | None = None
    chases: int = 0
    answers: int = 0
    coached: BuyerReason | None = None
    exit_turn: tuple[Act, ...] = ()
    named_s: float | None = None
    written: set[Act] = field(default_factory=set)
    cause: CauseKind | None = None
    over: bool = False
    cancelled_s: float | None = None
    _agenda: list[tuple[float, int, Step]] = field(default_factory=list)
    _planned: int = 0

    @property
    def seller(self) -> SellerTraits:
        """The shop's seller."""
        return self.shop.seller

    @property
    def late_s(self) -> float:
        """How far past the first promise it is now (negative: time left)."""
        return self.now_s - self.order.promised_s

    @property
    def deciding(self) -> bool:
        """Whether the buyer has already made up its mind."""
        return self.cause is not None

    def chance(self, share: float) -> bool:
        """A coin that falls on True with probability `share`."""
        return self.rng.random() < share

    def plan(self, step: Step, at_s: float) -> None:
        """Put a step on the agenda; nothing can be planned for the past, nor a buyer's step for its sleep."""
        self._planned += 1
        at_s = max(at_s, self.now_s + 1.0)
        heapq.heappush(self._agenda, (self._awake(at_s) if step in _BUYERS else at_s, self._planned, step))

    def _awake(self, at_s: float) -> float:
        wakes, sleeps = self.buyer.wakes_hour, self.buyer.sleeps_hour
        if at_s - self.now_s < _STAYS_UP_S or is_awake(self.clock, at_s, wakes, sleeps):
            return at_s
        return next_open(self.clock, at_s, wakes, sleeps) + self.rng.expovariate(1.0 / _AFTER_WAKING_S)

    def plan_in(self, step: Step, median_minutes: float, spread: float = 0.8) -> None:
        """Plan a step after a log-normal delay."""
        self.plan(step, self.now_s + median_minutes * MINUTE_S * self.rng.lognormvariate(0.0, spread))

    def plan_at_work(self, step: Step, median_minutes: float, spread: float = 0.8) -> None:
        """Plan a step of the seller: a log-normal delay, then the next moment within its hours."""
        at_s = self.now_s + median_minutes * MINUTE_S * self.rng.lognormvariate(0.0, spread)
        open_s = next_open(self.clock, at_s, self.seller.opens_hour, self.seller.closes_hour)
        if open_s > at_s:  # the night's messages are worked off in the morning
            open_s += self.rng.expovariate(1.0 / (35.0 * MINUTE_S))
        self.plan(step, open_s)

    def next_step(self) -> tuple[float, Step] | None:
        """Take the next step off the agenda."""
        if not self._agenda:
            return None
        at_s, _, step = heapq.heappop(self._agenda)
        return at_s, step

    def seller_says(self, *acts: Act, until_s: float | None = None) -> bool:
        """A turn of the seller; some send voice notes instead of writing. Gives whether it can be read."""
        readable = self._say(Sender.SELLER, acts, until_s, self.seller.voice_habit)
        if readable and NAMES_A_DATE & set(acts):
            self.named_s = until_s
        if any(act not in {Act.S_AUTO_REPLY, Act.S_GREETING} for act in acts):
            self.question_s = None
        return readable

    def buyer_says(self, *acts: Act) -> None:
        """A turn of the buyer; who agrees to wait means the date that was named last."""
        until_s = self.named_s if Act.B_AGREE_WAIT in acts else None
        self._say(Sender.BUYER, acts, until_s, self.buyer.voice_habit)

    def _say(self, sender: Sender, acts: tuple[Act, ...], until_s: float | None, voice_habit: float) -> bool:
        kind = ChatKind.TEXT
        if acts and acts[0] is not Act.S_AUTO_REPLY and self.chance(voice_habit):
            kind = self.rng.choices((ChatKind.VOICE, ChatKind.IMAGE, ChatKind.STICKER), weights=(75, 22, 3))[
                0
            ]
        if sender is Sender.SELLER and kind is ChatKind.TEXT:
            self.written.update(acts)
        self.turns.append(Turn(self.now_s, sender, acts, kind, until_s))
        return kind is ChatKind.TEXT

    def show(self, sender: Sender, kind: ChatKind) -> None:
        """A picture, sticker or card that carries no act."""
        self.turns.append(Turn(self.now_s + self.rng.uniform(3.0, 90.0), sender, (), kind))

    def note(
        self, event: FulfillmentKind, *, new_deadline_s: float | None = None, excuse: bool = False
    ) -> None:
        """An entry of the fulfilment record, now."""
        self.parcel.append(ParcelEvent(self.now_s, event, new_deadline_s, excuse))

    def ring(self, *, answered: bool, seconds: float) -> None:
        """A call from the seller, now; time passes while they talk."""
        self.calls.append(PhoneCall(self.now_s, from_seller=True, answered=answered, seconds=seconds))

    def decide(self, kind: CauseKind, median_minutes: float, spread: float = 1.0) -> None:
        """The buyer has made up its mind; the button is pressed somewhat later."""
        if self.cause is None:
            self.cause = kind
            self.plan_in(Step.BUYER_CANCELS, median_minutes, spread)

    def hidden_cause(self) -> Cause:
        """The truth to store beside the record."""
        if self.cause is None:
            raise ValueError("the buyer has not decided: there is no cause yet")
        problem = self.order.problem if self.problem_known or self.cause.induced else Problem.NONE
        return Cause(self.cause, problem, self.strategy)

    def hours(self, number: float) -> float:
        """Hours from now, as a moment."""
        return self.now_s + number * HOUR_S

"""What happened to one order, as the simulator knows it: more than the record will show.

Takes: nothing. Gives: the frozen pieces of a history and its hidden cause.
Does not: decide what of it is observable (`marketplace.record` does) or label it.

Times inside the simulation are float seconds since 1970-01-01 UTC (`_s`); the record holds datetimes.
"""

from dataclasses import dataclass
from enum import StrEnum

from cases.case import BuyerReason, ChatKind, FulfillmentKind, Sender
from marketplace.acts import Act


class Problem(StrEnum):
    """Why a seller cannot, or does not want to, fulfil an order."""

    NONE = "none"
    OUT_OF_STOCK = "out_of_stock"
    PRICE_ERROR = "price_error"
    CANNOT_SHIP = "cannot_ship"
    WANTS_NO_FEE = "wants_no_fee"
    NEGLECT = "neglect"


class Strategy(StrEnum):
    """What a seller does about an order that it cannot or will not fulfil in time."""

    HONEST = "honest"
    ASK_IN_CHAT = "ask_in_chat"
    ASK_BY_PHONE = "ask_by_phone"
    SAY_AND_LEAVE = "say_and_leave"
    REORDER = "reorder"
    OTHER_VARIANT = "other_variant"
    VARIANT_SAME_ORDER = "variant_same_order"
    OFF_PLATFORM = "off_platform"
    STALL = "stall"
    THREATEN = "threaten"
    IGNORE = "ignore"
    MOVE_TO_APP = "move_to_app"
    CANT_WAIT = "cant_wait"
    NO_WORD = "no_word"


class CauseKind(StrEnum):
    """What in truth made the buyer cancel; never read by the labelling policy."""

    SELLER_ASKED = "seller_asked"
    SELLER_ASKED_BY_PHONE = "seller_asked_by_phone"
    SELLER_ASKED_IN_APP = "seller_asked_in_app"
    SELLER_REFUSED = "seller_refused"
    SELLER_OFFER = "seller_offer"
    SELLER_LAPSE = "seller_lapse"
    SELLER_STALLING = "seller_stalling"
    BUYER_CHANGED_MIND = "buyer_changed_mind"
    BUYER_FOUND_CHEAPER = "buyer_found_cheaper"
    BUYER_WRONG_ITEM = "buyer_wrong_item"
    BUYER_WRONG_ADDRESS = "buyer_wrong_address"
    BUYER_DUPLICATE = "buyer_duplicate"
    BUYER_PAYMENT = "buyer_payment"
    BUYER_WANTS_CHANGE = "buyer_wants_change"
    BUYER_IMPATIENT = "buyer_impatient"
    COURIER_DELAY = "courier_delay"

    @property
    def induced(self) -> bool:
        """Whether an act of the seller, or its failure to act, was the main reason."""
        return self.value.startswith("seller_")


@dataclass(frozen=True, slots=True)
class Cause:
    """The hidden truth of a cancellation: `kind`, and what the seller faced and chose."""

    kind: CauseKind
    problem: Problem = Problem.NONE
    strategy: Strategy = Strategy.NO_WORD

    @property
    def induced(self) -> bool:
        """Whether the seller induced the cancellation in truth, whatever the record shows."""
        return self.kind.induced


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party says in one go: acts in order, or something unreadable (`kind` other than text).

    `until_s` is the moment of handover that a date-naming act names.
    """

    at_s: float
    sender: Sender
    acts: tuple[Act, ...] = ()
    kind: ChatKind = ChatKind.TEXT
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class ParcelEvent:
    """One entry of the fulfilment record, before the feed loses any."""

    at_s: float
    event: FulfillmentKind
    new_deadline_s: float | None = None
    excuse: bool = False


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One call; what was said in it is not here because nobody records it."""

    at_s: float
    from_seller: bool
    answered: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """One order of a shop: when it came, what was promised, and what the shop's own process does to it.

    `ready_s`/`handover_s` are None when the process never gets there; `background_cancelled_s` is used when the
    order is only a neighbour of the cancelled one. `problem_s` is when the shop finds out.
    """

    order_id: str
    item: int
    placed_s: float
    promised_s: float
    ready_s: float | None
    handover_s: float | None
    problem: Problem
    problem_s: float | None
    background_cancelled_s: float | None
    value: float
    item_count: int


@dataclass(frozen=True, slots=True)
class History:
    """The whole story of one cancelled order."""

    order: ShopOrder
    cancelled_s: float
    reason: BuyerReason | None
    turns: tuple[Turn, ...]
    parcel: tuple[ParcelEvent, ...]
    calls: tuple[PhoneCall, ...]
    cause: Cause

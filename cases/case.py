"""The case: one cancelled order as the platform recorded it, in the contract's field names.

Takes: a JSON object (already decoded). Gives: a frozen `Case`, or a `CaseError` with every bad field.
Does not: cut at the cancellation (`cases.cutoff` does), read files, or guess a missing signal.

A list that is None is unknown; a list that is () is known to be empty. All times are held in UTC.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, overload

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from cases.errors import CaseError, FieldProblem
from cases.factor import Factor, factors_for
from cases.fields import (
    MAX_CHAT_MESSAGES,
    MAX_FACTORS,
    MAX_LIST_ENTRIES,
    Amount,
    CaseId,
    Count,
    Currency,
    Flag,
    Identifier,
    Language,
    MessageText,
    Reasoning,
    ShortText,
    Time,
)
from cases.market import Markets
from cases.problems import problems_of, within_limits
from cases.verdict import Verdict

_Listed = Field(max_length=MAX_LIST_ENTRIES)
_LIST_LIMITS = {
    ("fulfillment",): MAX_LIST_ENTRIES,
    ("chat",): MAX_CHAT_MESSAGES,
    ("calls",): MAX_LIST_ENTRIES,
    ("concurrent_orders",): MAX_LIST_ENTRIES,
    ("seller", "presence"): MAX_LIST_ENTRIES,
    ("label", "decision_factors"): MAX_FACTORS,
}


class BuyerReason(StrEnum):
    """What the buyer clicked."""

    CHANGE_OF_MIND = "change_of_mind"
    FOUND_CHEAPER = "found_cheaper"
    WRONG_ITEM_OR_ADDRESS = "wrong_item_or_address"
    PAYMENT_PROBLEM = "payment_problem"
    TOO_SLOW = "too_slow"
    SELLER_ASKED = "seller_asked"
    OUT_OF_STOCK = "out_of_stock"
    OTHER = "other"


class FulfillmentKind(StrEnum):
    """What happened to the parcel or to its deadline."""

    DEADLINE_SET = "deadline_set"
    DEADLINE_EXTENDED = "deadline_extended"
    DEADLINE_MISSED = "deadline_missed"
    STOCK_OUT = "stock_out"
    PACKED = "packed"
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    UPDATE = "update"


class Sender(StrEnum):
    """Who wrote a chat message."""

    BUYER = "buyer"
    SELLER = "seller"
    SYSTEM = "system"


class ChatKind(StrEnum):
    """What a chat message is made of; only text can be read."""

    TEXT = "text"
    IMAGE = "image"
    STICKER = "sticker"
    VOICE = "voice"
    ORDER_CARD = "order_card"
    VOUCHER = "voucher"


class CallDirection(StrEnum):
    """Who rang whom."""

    SELLER_TO_BUYER = "seller_to_buyer"
    BUYER_TO_SELLER = "buyer_to_seller"


class PresenceState(StrEnum):
    """What the seller's app reported."""

    ACTIVE = "active"
    IDLE = "idle"
    OFFLINE = "offline"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)


class Order(_Part):
    """The cancelled order. `promised_ship_at` is the first promise; `value` is in `currency`."""

    order_id: Identifier
    placed_at: Time
    cancelled_at: Time
    promised_ship_at: Time | None = None
    shipped_at: Time | None = None
    value: Amount | None = None
    currency: Currency | None = None
    category: ShortText | None = None
    item_count: Count | None = None
    buyer_reason: BuyerReason | None = None

    @field_validator("cancelled_at")
    @classmethod
    def _after_placed(cls, cancelled_at: datetime, info: ValidationInfo) -> datetime:
        return _not_before(cancelled_at, info.data.get("placed_at"), "placed_at")


class FulfillmentEvent(_Part):
    """One entry of the fulfilment record."""

    at: Time | None = None
    event: FulfillmentKind | None = None
    new_deadline: Time | None = None
    note: MessageText | None = None


class ChatMessage(_Part):
    """One chat message; `kind` None with a `text` is read as text."""

    at: Time | None = None
    sender: Sender | None = None
    text: MessageText | None = None
    kind: ChatKind | None = None


class Call(_Part):
    """One phone call through the platform; `seconds` is how long they talked."""

    at: Time | None = None
    direction: CallDirection | None = None
    answered: Flag | None = None
    seconds: Amount | None = None


class ConcurrentOrder(_Part):
    """Another order of the same seller that was open at the time."""

    order_id: Identifier | None = None
    placed_at: Time | None = None
    promised_ship_at: Time | None = None
    shipped_at: Time | None = None
    cancelled_at: Time | None = None
    same_item: Flag | None = None


class PresenceInterval(_Part):
    """A stretch of the seller's presence. In JSON and in the constructor `from_` is spelt `from`."""

    from_: Annotated[Time | None, Field(alias="from")] = None
    to: Time | None = None
    state: PresenceState | None = None

    @field_validator("to")
    @classmethod
    def _after_from(cls, to: datetime | None, info: ValidationInfo) -> datetime | None:
        return to if to is None else _not_before(to, info.data.get("from_"), "from")


class Seller(_Part):
    """The seller; the 30-day figures are taken as given."""

    seller_id: Identifier | None = None
    orders_30d: Count | None = None
    completed_30d: Count | None = None
    cancelled_30d: Count | None = None
    mean_processing_hours_30d: Amount | None = None
    mean_reply_minutes_30d: Amount | None = None
    presence: Annotated[tuple[PresenceInterval, ...], _Listed] | None = None


class Buyer(_Part):
    """The buyer."""

    buyer_id: Identifier | None = None


class Case(_Part):
    """One cancelled order."""

    case_id: CaseId
    market: str
    order: Order
    language: Language | None = None
    fulfillment: Annotated[tuple[FulfillmentEvent, ...], _Listed] | None = None
    chat: Annotated[tuple[ChatMessage, ...], Field(max_length=MAX_CHAT_MESSAGES)] | None = None
    calls: Annotated[tuple[Call, ...], _Listed] | None = None
    concurrent_orders: Annotated[tuple[ConcurrentOrder, ...], _Listed] | None = None
    seller: Seller | None = None
    buyer: Buyer | None = None


class Label(_Part):
    """A person's label (or the simulator's truth): one verdict, one to three factors of its section."""

    verdict: Verdict
    decision_factors: Annotated[tuple[Factor, ...], Field(max_length=MAX_FACTORS)]
    reasoning: Reasoning | None = None
    labelled_by: ShortText | None = None
    labelled_at: Time | None = None
    policy_version: ShortText | None = None

    @field_validator("decision_factors")
    @classmethod
    def _of_the_verdict(cls, factors: tuple[Factor, ...], info: ValidationInfo) -> tuple[Factor, ...]:
        # Not a min_length: pydantic counts only valid entries, and would call one misspelt factor too few as well.
        if not factors:
            raise PydanticCustomError("factors", "name at least one factor")
        if len(set(factors)) < len(factors):
            raise PydanticCustomError("factors", "name each factor once")
        verdict = info.data.get("verdict")
        if verdict is not None and not set(factors) <= set(factors_for(verdict)):
            raise PydanticCustomError("factors", "take factors from the section of the label's own verdict")
        return factors


class LabelledCase(Case):
    """A case as files hold it: it may carry a label, which never reaches narrative or features."""

    label: Label | None = None


def _not_before(later: datetime, earlier: datetime | None, earlier_name: str) -> datetime:
    if earlier is not None and later < earlier:
        raise PydanticCustomError("order", "lies before {name}; mend one of the two", {"name": earlier_name})
    return later


@overload
def parse_case(obj: object, *, markets: Markets, allow_label: Literal[True]) -> LabelledCase: ...


@overload
def parse_case(obj: object, *, markets: Markets, allow_label: bool = False) -> Case: ...


def parse_case(obj: object, *, markets: Markets, allow_label: bool = False) -> Case:
    """Check a decoded JSON value against the schema and the configured markets.

    With `allow_label` the result is a `LabelledCase`, and a `label` is accepted; else it is refused.
    Raises CaseError with every bad field as a JSON pointer, relative to `obj`.
    """
    schema = LabelledCase if allow_label else Case
    case: Case | None = None
    shortened, problems = within_limits(obj, _LIST_LIMITS)
    try:
        case = schema.model_validate(shortened)
    except ValidationError as error:
        problems += problems_of(error)
    problems += _market_problem(obj, markets)
    if case is None or problems:
        raise CaseError(problems)
    return case


def _market_problem(obj: object, markets: Markets) -> tuple[FieldProblem, ...]:
    """The problem of a market that is a string but not configured; other faults are the schema's to name."""
    code = obj.get("market") if isinstance(obj, dict) else None
    if not isinstance(code, str):
        return ()
    try:
        markets[code]
    except CaseError as error:
        return error.problems
    return ()

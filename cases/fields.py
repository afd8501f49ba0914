"""The kinds of value that a case's fields hold, with their limits.

Takes: one JSON value each. Gives: annotated types for the models of `cases.case`. Does not: know any field's name.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

MAX_CHAT_MESSAGES = 500
MAX_MESSAGE_CHARS = 4_000
MAX_LIST_ENTRIES = 200
MAX_FACTORS = 3

# RFC 3339, section 5.6; a leap second (:60) is refused because no clock of the platform writes one.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FIRST_YEAR = 1970


def _utc(value: object) -> datetime:
    """A time with an offset, as a string (or, from Python, a datetime), in UTC."""
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            at = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise PydanticCustomError("time", "no such date or time; write a real one") from None
        return _not_ancient(at)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _not_ancient(value.astimezone(UTC))
    raise PydanticCustomError("time", "write an RFC 3339 string with an offset, as 2025-03-01T09:30:00+08:00")


def _not_ancient(at: datetime) -> datetime:
    """Year 1 is how some systems write "no time"; read as one it would make an order millennia late."""
    if at.year < _FIRST_YEAR:
        raise PydanticCustomError("time", "lies before 1970; null means unknown")
    return at


Time = Annotated[datetime, BeforeValidator(_utc)]
Count = Annotated[int, Field(strict=True, ge=0, le=10**12)]
Amount = Annotated[float, Field(strict=True, ge=0, le=1e15, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=128)]
ShortText = Annotated[str, StringConstraints(max_length=200)]
MessageText = Annotated[str, StringConstraints(max_length=MAX_MESSAGE_CHARS)]
CaseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Reasoning = Annotated[str, StringConstraints(min_length=20, max_length=600, pattern=r"^[^<]*$")]

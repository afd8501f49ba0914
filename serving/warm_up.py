"""A prompt to warm the engine with: the shortest case there is, in a market of the model.

Takes: the parts. Gives: token ids of a decide prompt, whose static part is then in the engine's prefix cache.
Does not: use anybody's data.
"""

from datetime import UTC, datetime, timedelta

from cases.case import Case, Order
from cases.narrative import narrate
from serving.parts import Parts


def warm_prompt(parts: Parts) -> list[int]:
    """A rendered decide prompt without content."""
    trained = [code for code in parts.markets if code in parts.card.trained_markets]
    market = parts.markets[trained[0] if trained else next(iter(parts.markets))]
    cancelled_at = datetime(2025, 1, 2, tzinfo=UTC)
    order = Order(order_id="warm-up", placed_at=cancelled_at - timedelta(days=1), cancelled_at=cancelled_at)
    case = Case(case_id="warm-up", market=market.code, order=order)
    return parts.renderer.render(narrate(case), market).ids

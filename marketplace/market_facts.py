"""What differs between simulated markets besides language: money and what is sold.

Takes: a market's code. Gives: `MarketFacts`. Does not: hold what the service configures (`config/markets` does).
"""

from dataclasses import dataclass

from cases.errors import ConfigError


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """`price_scale`: a typical basket in the market's currency; `price_step`: what prices are rounded to."""

    code: str
    language: str
    price_scale: float
    price_step: float
    reply_tempo: float  # above 1: chats go faster


CATEGORIES = (
    "fashion", "beauty", "home", "electronics", "phones", "baby", "toys", "sports", "food", "automotive",
    "shoes", "hobby", "pets", "computers", "furniture", "home appliances", "books", "stationery",
)  # fmt: skip

_FACTS = {
    facts.code: facts
    for facts in (
        MarketFacts("SG", "en-SG", 28.0, 0.1, 1.0),
        MarketFacts("PH", "fil-PH", 480.0, 1.0, 1.1),
        MarketFacts("MY", "ms-MY", 42.0, 0.1, 1.0),
        MarketFacts("ID", "id-ID", 120_000.0, 500.0, 1.2),
        MarketFacts("VN", "vi-VN", 190_000.0, 1_000.0, 1.2),
        MarketFacts("TH", "th-TH", 320.0, 1.0, 1.1),
        MarketFacts("TW", "zh-Hant-TW", 450.0, 1.0, 1.0),
        MarketFacts("BR", "pt-BR", 95.0, 0.1, 0.9),
        MarketFacts("MX", "es-MX", 380.0, 1.0, 0.9),
    )
}


def market_facts(code: str) -> MarketFacts:
    """The facts of a simulated market.

    Raises ConfigError naming the markets that can be simulated.
    """
    try:
        return _FACTS[code]
    except KeyError:
        raise ConfigError(
            f"market {code} cannot be simulated; use one of {', '.join(sorted(_FACTS))}"
        ) from None


def language_of_every_market() -> tuple[str, ...]:
    """The languages that can be simulated, each once."""
    return tuple(sorted({facts.language for facts in _FACTS.values()}))

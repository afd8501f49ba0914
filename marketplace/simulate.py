"""The simulator: settings in, labelled cases out, one at a time and the same bytes for the same seed.

Takes: `SimulationSettings`, the configured markets. Gives: an iterator of `SimulatedCase`.
Does not: write files (`marketplace.writer` does), or let the hidden cause touch the label.

Shops are drawn one after the other, each with its own generator; each order that its buyer cancels becomes a
candidate. The labels' shares are steered by thinning: the process's own shares are measured, by a pilot and by all
candidates so far, and each candidate is kept with a probability that depends on its label and on the local hour of its
cancellation alone. Sellers ask within their opening hours; kept cases of all labels have the same hours, so that the
clock tells nothing.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from random import Random

from cases.case import Case, ChatKind, Label, LabelledCase, Sender
from cases.market import MarketConfig, Markets
from marketplace.acts import NAMES_A_DATE
from marketplace.history import Cause, History
from marketplace.life import live
from marketplace.market_facts import market_facts
from marketplace.packs import PACKS, LanguagePack, load_pack
from marketplace.policy import policy_label
from marketplace.realise import ChatWriter, Line
from marketplace.record import Setting, assemble, moment
from marketplace.rhythm import DAY_S, LocalClock
from marketplace.settings import SimulationSettings
from marketplace.shop import WINDOW_DAYS, run_shop
from marketplace.style import typing_style
from marketplace.talk import UtteredAct
from marketplace.thinning import Thinning
from marketplace.traits import draw_buyer, draw_seller

_PILOT_CASES = 400


@dataclass(frozen=True, slots=True)
class SimulatedCase:
    """A case with its two truths: `case.label` by policy, from the record; `cause`, hidden, for analysis only."""

    case: LabelledCase
    cause: Cause
    acts: tuple[UtteredAct, ...]
    split: str

    @property
    def label(self) -> Label:
        """The label by policy; a simulated case always has one."""
        if self.case.label is None:
            raise ValueError(f"simulated case {self.case.case_id} has lost its label")
        return self.case.label


@dataclass(frozen=True, slots=True)
class Observed:
    """A simulated case, the lines of its chat as they were worded, and the writer, who can write another such line."""

    simulated: SimulatedCase
    writer: ChatWriter
    lines: tuple[Line, ...] = ()


def simulate(settings: SimulationSettings, markets: Markets, packs: Path = PACKS) -> Iterator[SimulatedCase]:
    """Cases of each market in turn, `cases_per_market` of each.

    Raises ConfigError or UnknownMarketError at once if the settings or a language pack are wrong.
    """
    return chain.from_iterable(world.cases() for world in worlds_of(settings, markets, packs))


def worlds_of(settings: SimulationSettings, markets: Markets, packs: Path = PACKS) -> "tuple[World, ...]":
    """One world a market, its language pack loaded. Raises as `simulate` does."""
    settings.checked(markets)
    return tuple(
        World(settings, markets[code], load_pack(market_facts(code).language, packs))
        for code in settings.markets
    )


@dataclass(frozen=True, slots=True)
class World:
    """One market of one simulation."""

    settings: SimulationSettings
    market: MarketConfig
    pack: LanguagePack

    def cases(self) -> Iterator[SimulatedCase]:
        """The kept cases, as many as were asked for."""
        return (observed.simulated for observed in self.kept())

    def kept(self) -> Iterator[Observed]:
        """As `cases`, each with the writer of its chat."""
        thinning = Thinning(self.settings.target_shares, LocalClock.of(self.market.utc_offset))
        for candidate in islice(self.candidates("pilot"), _PILOT_CASES):  # thrown away
            _seen(thinning, candidate)
        coin = self.generator("thinning")
        kept = (
            observed
            for observed in self.observed("shop")
            if coin.random() < _seen(thinning, observed.simulated)
        )
        return islice(kept, self.settings.cases_per_market)

    def candidates(self, stream: str) -> Iterator[SimulatedCase]:
        """Every cancelled order of one shop after the other, without end."""
        return (observed.simulated for observed in self.observed(stream))

    def observed(self, stream: str) -> Iterator[Observed]:
        """As `candidates`, each with the writer of its chat."""
        return (self._labelled(*lived) for lived in self._lived(stream))

    def unlabelled(self, stream: str) -> Iterator[Case]:
        """Cancelled orders as `candidates` has them, without anybody judging them."""
        return (self._recorded(*lived)[0] for lived in self._lived(stream))

    def _lived(self, stream: str) -> Iterator[tuple[Random, Setting, History]]:
        """The history of every order that its buyer cancels, each with its own generator."""
        first_s, last_s = self.settings.span_s
        clock = LocalClock.of(self.market.utc_offset)
        facts = market_facts(self.market.code)
        for number in count():
            rng = self.generator(stream, number)
            seller = draw_seller(rng)
            day_s = clock.midnight(rng.uniform(first_s, last_s - WINDOW_DAYS * DAY_S) + DAY_S)
            shop = run_shop(rng, seller, clock, facts, day_s)
            for order in shop.orders:
                own = Random(rng.getrandbits(64))
                buyer = draw_buyer(own)
                history = live(own, shop, order, buyer, clock)
                if history is not None and history.cancelled_s < last_s:
                    yield own, Setting(self.market, clock, shop, buyer), history

    def _labelled(self, rng: Random, setting: Setting, history: History) -> Observed:
        case, lines, writer = self._recorded(rng, setting, history)
        acts = uttered(case, lines)
        labelled = with_label(case, policy_label(case, acts))
        return Observed(SimulatedCase(labelled, history.cause, acts, self.settings.split), writer, lines)

    def _recorded(
        self, rng: Random, setting: Setting, history: History
    ) -> tuple[Case, tuple[Line, ...], ChatWriter]:
        writer = self._writer(rng, setting, history)
        lines = writer.lines(history.turns)
        return assemble(rng, setting, history, lines, _case_id(rng, self.market.code)), lines, writer

    def _writer(self, rng: Random, setting: Setting, history: History) -> ChatWriter:
        styles = {
            Sender.SELLER: typing_style(rng, setting.shop.seller),
            Sender.BUYER: typing_style(rng, setting.buyer),
        }
        return ChatWriter(
            rng=rng,
            pack=self.pack,
            held_out=self.settings.split == "test",
            clock=setting.clock,
            styles=styles,
            ends_s=float(int(history.cancelled_s)),
        )

    def generator(self, *names: object) -> Random:
        """A generator of its own for each purpose: streams never touch."""
        key = "/".join(map(str, (self.settings.seed, self.market.code, self.settings.split, *names)))
        return Random(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big"))


def _seen(thinning: Thinning, simulated: SimulatedCase) -> float:
    return thinning.kept_share(simulated.label.verdict, simulated.case.order.cancelled_at.timestamp())


def uttered(case: Case, lines: tuple[Line, ...]) -> tuple[UtteredAct, ...]:
    """The acts that can be read in the record's chat; without a chat record nothing can."""
    if case.chat is None:
        return ()
    return tuple(
        UtteredAct(
            at=moment(line.at_s),
            sender=line.sender,
            act=act,
            line_index=index,
            until=moment(line.until_s) if line.until_s is not None and act in NAMES_A_DATE else None,
        )
        for index, line in enumerate(lines)
        if line.kind is ChatKind.TEXT
        for act in line.acts
    )


def with_label(case: Case, label: Label) -> LabelledCase:
    """The case with its label; both have been validated already."""
    fields = {name: getattr(case, name) for name in Case.model_fields}
    return LabelledCase.model_construct(**fields, label=label)


def _case_id(rng: Random, market: str) -> str:
    return f"{market.lower()}-{rng.getrandbits(48):012x}"

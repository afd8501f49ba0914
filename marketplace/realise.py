"""Turns into chat lines: words for acts from a language pack, in the person's own way of typing.

Takes: a history's turns and a `LanguagePack`. Gives: chat lines in time order with the acts a reader sees in each.
Does not: know verdicts, causes or labels; two turns with the same acts draw from the same wordings.

Several acts of a turn share a line or are spread over lines a few seconds apart; unreadable turns give no act.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from cases.case import ChatKind, Sender
from marketplace.acts import Act
from marketplace.history import Turn
from marketplace.packs import SLOT, LanguagePack
from marketplace.rhythm import DAY_S, HOUR_S, LocalClock
from marketplace.style import TypingStyle, typed


@dataclass(frozen=True, slots=True)
class Line:
    """One chat line and the acts a reader sees in it, with the date that they name (or None).

    `wordings`: the pack's wording of each act, before slots and typing; empty where the line is no pack's.
    """

    at_s: float
    sender: Sender
    kind: ChatKind
    text: str
    acts: tuple[Act, ...]
    until_s: float | None
    wordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """An act, the wording chosen for it, and what became of it with its slots filled."""

    act: Act
    wording: str
    text: str


@dataclass(slots=True)
class ChatWriter:
    """Writes the chat of one case; `styles` are the two people's ways of typing."""

    rng: Random
    pack: LanguagePack
    held_out: bool
    clock: LocalClock
    styles: dict[Sender, TypingStyle]
    ends_s: float
    _fillers: dict[str, str] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def lines(self, turns: Sequence[Turn]) -> tuple[Line, ...]:
        """All lines up to `ends_s`, in time order."""
        written = [line for turn in sorted(turns, key=lambda t: t.at_s) for line in self._turn(turn)]
        return _one_a_second(sorted(written, key=lambda line: line.at_s), self.ends_s)

    def line(self, turn: Turn) -> Line:
        """All acts of a turn in one line, in the same person's way of typing, about the same things as before."""
        return self._line(turn.at_s, turn, [self._worded(act, turn.at_s, turn.until_s) for act in turn.acts])

    def _turn(self, turn: Turn) -> list[Line]:
        if turn.kind is not ChatKind.TEXT:
            return [Line(turn.at_s, turn.sender, turn.kind, "", (), None)]
        rng = self.rng
        style = self.styles[turn.sender]
        lines: list[Line] = []
        at_s = turn.at_s
        held: list[_Said] = []
        for act in turn.acts:
            said = self._worded(act, at_s, turn.until_s)
            if held and not self._joins(act, style):
                lines.append(self._line(at_s, turn, held))
                at_s += rng.uniform(4.0, 20.0) + 0.25 * len(said.text)
                held = []
            held.append(said)
        if held:
            lines.append(self._line(at_s, turn, held))
        return lines

    def _joins(self, act: Act, style: TypingStyle) -> bool:
        """Whether an act stands in one line with the one before it; an auto-reply and pasted text stand alone."""
        if act in {Act.S_AUTO_REPLY, Act.X_HOSTILE_FOR_BUYER, Act.X_HOSTILE_FOR_SELLER, Act.X_NEUTRAL_FILLER}:
            return False
        return self.rng.random() > style.splits_lines

    def _line(self, at_s: float, turn: Turn, held: list[_Said]) -> Line:
        rng = self.rng
        parts = [said.text for said in held]
        joined = parts[0]
        for part in parts[1:]:
            joined += _glue(rng, joined[-1]) + part
        if held[0].act is not Act.S_AUTO_REPLY:
            joined = typed(rng, joined, self.styles[turn.sender])
        acts, wordings = tuple(said.act for said in held), tuple(said.wording for said in held)
        return Line(at_s, turn.sender, ChatKind.TEXT, joined, acts, turn.until_s, wordings)

    def _worded(self, act: Act, at_s: float, until_s: float | None) -> _Said:
        """A wording of the act with its slots filled; one not yet used in this chat where there is any."""
        choices = self.pack.wordings(act, held_out=self.held_out)
        if until_s is not None:
            choices = tuple(w for w in choices if w not in self.pack.undated) or choices
            choices = tuple(w for w in choices if self._names_truly(w, at_s, until_s)) or choices
        if act is not Act.S_AUTO_REPLY:  # a machine says the same every time
            choices = tuple(w for w in choices if w not in self._used) or choices
        wording = self.rng.choice(choices)
        if act is Act.S_AUTO_REPLY:
            wording = self._kept("auto_reply", wording)
        self._used.add(wording)
        text = SLOT.sub(lambda match: self._filler(match.group(1), at_s, until_s), wording)
        return _Said(act, wording, text)

    def _names_truly(self, wording: str, at_s: float, until_s: float) -> bool:
        """Whether a wording's way of naming a time fits the time to be named."""
        ahead_s = until_s - at_s
        if "{days}" in wording:
            return 1.5 * DAY_S <= ahead_s <= 14.4 * DAY_S
        if "{weekday}" in wording:
            return 0.5 * DAY_S <= ahead_s <= 6.9 * DAY_S
        return "{hours}" not in wording or ahead_s <= 2.0 * DAY_S

    def _filler(self, slot: str, at_s: float, until_s: float | None) -> str:
        rng = self.rng
        if slot == "days":
            days = round((until_s - at_s) / DAY_S) if until_s is not None else rng.randint(2, 9)
            return str(min(14, max(2, days)))
        if slot == "hours":
            hours = round((until_s - at_s) / HOUR_S) if until_s is not None else rng.randint(2, 40)
            return str(min(48, max(2, hours)))
        if slot == "weekday":
            names = self.pack.slots["weekday"]
            day_s = until_s if until_s is not None else at_s + rng.uniform(1.0, 5.0) * DAY_S
            return names[self.clock.weekday(day_s) % len(names)]
        if slot in {"item", "variant", "app", "courier", "city", "name"}:
            return self._kept(slot, rng.choice(self.pack.slots[slot]))
        return rng.choice(self.pack.slots[slot])

    def _kept(self, slot: str, filler: str) -> str:
        """A chat is about one item, one courier, one town: the first filler stays."""
        return self._fillers.setdefault(slot, filler)


def _glue(rng: Random, ending: str) -> str:
    """What stands between two parts of a line, as the script of the first one's last letter has it."""
    if ending in ".!?…。！？～~":
        return "" if ending in "。！？～" else " "
    if "\u3000" <= ending <= "\u9fff":  # Chinese
        return rng.choice(("，", "。", " ", "...", "，"))
    if "\u0e00" <= ending <= "\u0e7f":  # Thai has no comma and no stop
        return rng.choice((" ", " ", "... "))
    return rng.choice((", ", ". ", " ", "... ", ". "))


def _one_a_second(lines: Sequence[Line], ends_s: float) -> tuple[Line, ...]:
    """Whole, strictly rising seconds, so that the record's order is the order of the talk; nothing after `ends_s`."""
    kept: list[Line] = []
    last_s = float("-inf")
    for line in lines:
        last_s = max(float(int(line.at_s)), last_s + 1.0)
        if last_s <= ends_s:
            kept.append(replace(line, at_s=last_s))
    return tuple(kept)

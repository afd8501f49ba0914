"""How the demo looks in a terminal.

Takes: cases and the events of their streams, as they come. Gives: a headline a case, the verdict beside the human
label, factors, reasoning word by word, and one line for all.
Does not: ask a service, or print what a terminal might obey.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cases.case import LabelledCase
from cases.decision import DecisionStatus
from cases.neutral_text import neutral
from cases.stream import DecisionEvent, FactorsEvent, ProblemEvent, ReasoningEvent, StreamEvent, VerdictEvent

_STYLES: Final = {"induced": "bold red", "not_induced": "bold green", "inconclusive": "bold yellow"}
_GOOD_ENDS: Final = frozenset({DecisionStatus.COMPLETE, DecisionStatus.SHORT_CIRCUITED})
_MESSAGES_SHOWN: Final = 4
_INDENT: Final = "  "
_MAX_WIDTH: Final = 110


@dataclass(frozen=True, slots=True)
class Shown:
    """What one stream came to. `verdict_ms` and `total_ms` are None when it did not get there."""

    ended_well: bool
    right: bool
    by_fallback: bool
    verdict_ms: float | None
    total_ms: float | None


class WordFlow:
    """Prints text as it comes, word by word, indented and broken at the terminal's width."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, _MAX_WIDTH)
        self._column = 0
        self._held = ""

    def feed(self, text: str) -> None:
        """Print the words that are whole now; the last one may go on in the next piece."""
        *words, self._held = (self._held + text).replace("\n", " ").split(" ")
        for word in words:
            self._print(neutral(word))

    def end(self) -> None:
        """Print what is left, and end the line if there is one."""
        self._print(neutral(self._held))
        self._held = ""
        if self._column:
            self._console.out("")
        self._column = 0

    def _print(self, word: str) -> None:
        if not word:
            return
        if self._column and self._column + 1 + cell_len(word) > self._width:
            self._console.out("")
            self._column = 0
        before = " " if self._column else _INDENT
        self._console.out(before + word, end="", highlight=False)
        self._column += len(before) + cell_len(word)


class CasePicture:
    """One case and its stream."""

    def __init__(self, console: Console, case: LabelledCase) -> None:
        self._console = console
        self._case = case
        self._label = case.label.verdict if case.label else None
        self._flow = WordFlow(console)
        self._verdict: VerdictEvent | None = None
        self._decision: DecisionEvent | None = None

    def headline(self, number: int, of: int) -> None:
        """The case: where it stands among the others, its market, and the end of its chat."""
        title = Text.assemble((f"{number}/{of}", "bold"), f"  {self._case.case_id}  {self._case.market}")
        self._console.print()
        self._console.rule(title, align="left", style="dim")
        chat = self._case.chat or ()
        if len(chat) > _MESSAGES_SHOWN:
            before = f"{_INDENT}... and {len(chat) - _MESSAGES_SHOWN} before"
            self._console.print(before, style="dim", highlight=False)
        for message in chat[-_MESSAGES_SHOWN:]:
            said = neutral(message.text or "") or f"({message.kind})"
            line = Text.assemble(f"{_INDENT}{message.sender:<7}", (said, "italic"), style="dim")
            self._console.print(line, no_wrap=True, overflow="ellipsis")

    def show(self, event: StreamEvent) -> None:
        """Print an event."""
        match event:
            case VerdictEvent():
                self._verdict = event
                self._console.print(self._verdict_line(event), soft_wrap=True)
            case FactorsEvent():
                factors = " · ".join(event.decision_factors)
                self._console.print(Text(_INDENT + factors, "bold"), soft_wrap=True)
            case ReasoningEvent():
                self._flow.feed(event.delta)
            case DecisionEvent():
                self._decision = event
                self._flow.end()
                self._console.print(self._end_line(event), soft_wrap=True)
            case ProblemEvent():
                self._flow.end()
                self.trouble(f"{event.title}: {event.detail}")

    def trouble(self, words: str) -> None:
        """Why there is no decision."""
        self._console.print(Text(_INDENT + words, "red"), soft_wrap=True)

    @property
    def shown(self) -> Shown:
        """What it came to."""
        verdict, decision = self._verdict, self._decision
        return Shown(
            ended_well=decision is not None and decision.status in _GOOD_ENDS,
            right=verdict is not None and verdict.verdict == self._label,
            by_fallback=decision is not None and decision.degraded,
            verdict_ms=None if verdict is None else verdict.elapsed_ms,
            total_ms=None if decision is None else decision.timings_ms.get("total"),
        )

    def _verdict_line(self, event: VerdictEvent) -> Text:
        right = event.verdict == self._label
        label = "as the human label" if right else f"human label: {self._label or 'none'}"
        return Text.assemble(
            (f"{_INDENT}{event.verdict:<13}", _STYLES[event.verdict]),
            "score none  " if event.score is None else f"score {event.score:.2f}  ",
            f"{event.action:<12}",
            (f"{event.elapsed_ms:4.0f} ms  ", "bold"),
            ("✓ " if right else "✗ ", "green" if right else "red"),
            (label, "green" if right else "red"),
        )

    def _end_line(self, event: DecisionEvent) -> Text:
        total_ms = event.timings_ms.get("total")
        told = [str(event.status), f"{event.route} route"]
        told += [] if total_ms is None else [f"{total_ms:.0f} ms in all"]
        told += [f"{event.tokens.generated} tokens"] if event.tokens.generated else []
        told += [f"degraded: {event.degraded_reason}"] if event.degraded else []
        return Text(_INDENT + " · ".join(told), "dim")


def summary_line(shown: Sequence[Shown]) -> Text:
    """One line for all: how many verdicts equal the human label, and how long they took."""
    verdicts_ms = [one.verdict_ms for one in shown if one.verdict_ms is not None]
    totals_ms = [one.total_ms for one in shown if one.total_ms is not None]
    told = [f"{sum(one.right for one in shown)} of {len(shown)} verdicts equal the human label"]
    if verdicts_ms:
        told.append(f"median time to verdict {statistics.median(verdicts_ms):.0f} ms")
    if totals_ms:
        told.append(f"to the whole decision {statistics.median(totals_ms):.0f} ms")
    if by_fallback := sum(one.by_fallback for one in shown):
        told.append(f"{by_fallback} degraded")
    if broken := sum(not one.ended_well for one in shown):
        told.append(f"{broken} without a decision")
    return Text(" · ".join(told), "bold")

"""Bar charts of a report, drawn from the figures that the report states.

Takes: `Chart`s of finished sections. Gives: PNG files. Does not: compute a figure.
"""

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.results import Chart

_WIDTH_IN: Final = 9.0
_HEIGHT_IN: Final = 3.6
_COLOURS: Final = ("#c0392b", "#2e8b57", "#e0a030", "#34629c")
_INK: Final = "#222222"


def draw(chart: Chart, path: Path) -> None:
    """One group of bars a category, one bar a series, whiskers where there are intervals."""
    figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = np.arange(len(chart.categories))
    width = 0.8 if chart.stacked else 0.8 / len(chart.series)
    floor = np.zeros(len(places))
    for number, series in enumerate(chart.series):
        values = np.array(series.values)
        at = places if chart.stacked else places + (number - (len(chart.series) - 1) / 2) * width
        whiskers = None
        if series.lows and series.highs:
            ends = [values - np.array(series.lows), np.array(series.highs) - values]
            whiskers = [np.maximum(end, 0.0) for end in ends]  # an end may miss its value by a rounding
        axes.bar(
            at,
            values,
            width * 0.94,
            bottom=floor if chart.stacked else None,
            yerr=whiskers,
            label=series.name,
            color=_COLOURS[number % len(_COLOURS)],
            error_kw={"elinewidth": 1.0, "ecolor": _INK, "capsize": 2.0},
        )
        floor += values if chart.stacked else 0.0
    if chart.marks_at is not None:
        axes.axhline(chart.marks_at, color=_INK, linewidth=0.8, linestyle="--")
    if chart.from_value is not None:
        axes.set_ylim(bottom=chart.from_value)
    axes.set_xticks(places, chart.categories)
    axes.set_ylabel(chart.unit)
    axes.set_title(chart.title, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    if len(chart.series) > 1:
        figure.legend(loc="outside lower center", ncols=len(chart.series), frameon=False)
    figure.savefig(path, metadata={"Software": None})

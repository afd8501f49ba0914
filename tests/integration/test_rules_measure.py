"""`verdict rules measure`: from the simulator to a file that the rules report from.

Takes: the shipped rules and a small simulated market. Gives: failures of the way through. Does not judge the figures.
"""

import json
from pathlib import Path

from typer.testing import CliRunner

from baselines.rule_list import RULES
from baselines.rules_config import read_precision
from baselines.rules_v1 import RulesV1
from cli.rules import app


def test_measured_figures_reach_the_rules(root: Path, tmp_path: Path) -> None:
    """The command writes counts that add up, prints them as JSON, and the rules load them; a second run repeats it."""
    config, out = root / "config" / "rules_v1.toml", tmp_path / "precision.toml"
    arguments = ["measure", "--config", str(config), "--out", str(out), "--markets", "SG", "--json"]
    arguments += ["--markets-dir", str(root / "config" / "markets"), "--cases-per-market", "60"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["rule"] for row in rows] == list(RULES)
    assert sum(row["fired"] for row in rows) == 60
    written = out.read_bytes()
    found = read_precision(out, config)
    assert found is not None
    assert found.cases == 60
    RulesV1.load(config, out)
    CliRunner().invoke(app, arguments)
    assert out.read_bytes() == written

"""A service in a process of its own, to be stopped and killed: `python -m tests.contract.scripted_service`.

Takes: settings as JSON and the name of a scenario. Gives: its address as the first line on standard output; logs at
DEBUG on standard error. Does not: import anything that the service itself would not, besides the scripted engine.
"""

import asyncio
import json
import logging
import sys

from cases.verdict import VERDICTS
from serving.engine_unit import EngineUnit
from serving.engines.scripted import Hang, Say, Scenario, ScriptedEngine, explanation_text
from serving.server import opened_server
from serving.settings import Settings
from tests.contract.running import until


def _stuck_explanation() -> Scenario:
    return Scenario(explain={label: (Say(explanation_text(label)[:60]), Hang()) for label in VERDICTS})


SCENARIOS = {
    "good": Scenario,
    "broken": lambda: Scenario(logprobs={}),  # nonsense that breaks the policy: a fault of ours
    "stuck_decide": lambda: Scenario(before_decide=(Hang(),)),
    "stuck_explain": _stuck_explanation,
}


async def _serve(settings: Settings, scenario: str) -> None:
    engine = ScriptedEngine(SCENARIOS[scenario]())
    async with opened_server(settings, lambda _: EngineUnit(engine)) as server:
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started and server.gateway.warm)
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await serving


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    asyncio.run(_serve(Settings(**json.loads(sys.argv[1])), sys.argv[2]))

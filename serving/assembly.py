"""Load every part once, in the order in which a fault is cheapest to find.

Takes: settings, and a way to make an engine (tests bring their own). Gives: `Parts`.
Does not: wait for the engine; it loads while the service already answers `/healthz`.
"""

from baselines.rules_v1 import RulesV1
from cases.errors import ConfigError
from cases.market import Markets, load_markets
from prompts.render import PromptRenderer
from prompts.template import load_template
from prompts.tokenizer import PromptTokenizer
from serving.admission import Admission
from serving.decision_log import DecisionLog
from serving.engine_unit import EngineFactory, EnginePlan, EngineUnit
from serving.engines.explain_queue import ExplainQueue
from serving.engines.wording import wording
from serving.metrics import Metrics
from serving.model_files import load_model_card
from serving.parts import Parts
from serving.savings import DocumentLengths
from serving.settings import ROOT, Settings

RULES_FILE = ROOT / "config" / "rules_v1.toml"


def assemble(settings: Settings, make_engine: EngineFactory) -> Parts:
    """The parts, from within a running event loop.

    Raises ConfigError, ModelFileError, StoreError: each names the file or setting that the operator must mend.
    """
    markets = load_markets(settings.markets_dir)
    _check_options(markets)
    card = load_model_card(settings.model_dir, prompt_version=settings.prompt_version)
    template = load_template(settings.prompt_version)
    tokenizer = PromptTokenizer.load(card.tokenizer_json)
    unit = make_engine(EnginePlan(settings, card, wording(tokenizer)))
    admission, explanations = _queues(settings)
    return Parts(
        settings=settings,
        markets=markets,
        template=template,
        tokenizer=tokenizer,
        renderer=PromptRenderer(template, tokenizer),
        card=card,
        rules=RulesV1.load(RULES_FILE),
        unit=unit,
        explanations=explanations,
        log=DecisionLog.open(settings.database, synchronous=settings.sqlite_synchronous),
        admission=admission,
        metrics=_metrics(admission, explanations, unit),
        lengths=DocumentLengths(),
    )


def _queues(settings: Settings) -> tuple[Admission, ExplainQueue]:
    """The two queues know of each other: no explanation starts while a case waits for its verdict."""
    admission = Admission(
        slots=settings.decide_slots,
        queue_limit=settings.queue_limit,
        on_change=lambda: explanations.verdicts_changed(),  # noqa: PLW0108  # it is made two lines below
    )
    explanations = ExplainQueue(
        slots=settings.explain_slots,
        queue_limit=settings.explain_queue_limit,
        verdicts_waiting=lambda: admission.waiting,
    )
    return admission, explanations


def _metrics(admission: Admission, explanations: ExplainQueue, unit: EngineUnit) -> Metrics:
    metrics = Metrics()
    metrics.watch("verdict_queue_depth", "Cases that wait for a verdict", lambda: admission.waiting)
    metrics.watch("verdict_explanations_in_flight", "Explanations under way", lambda: explanations.running)
    metrics.watch(
        "verdict_explanations_waiting", "Explanations that wait for a slot", lambda: explanations.waiting
    )
    metrics.watch("verdict_explanations_shed", "Explanations refused so far", lambda: explanations.shed)
    metrics.watch("verdict_engine_restarts", "Restarts of the engine so far", unit.restarts)
    return metrics


def _check_options(markets: Markets) -> None:
    asking = [code for code, market in markets.items() if market.few_shot_default > 0]
    if asking:
        raise ConfigError(
            f"few_shot_default of {', '.join(asking)}: no index of exemplars is loaded; set it to 0"
        )

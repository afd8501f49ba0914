"""A model folder as the gateway reads it, without weights: enough for a service over a scripted engine.

Takes: a folder and the markets' files. Gives: tokenizer, manifest and a calibration. Does not: train a model.
"""

import json
from pathlib import Path

from cases.market import load_markets
from cases.verdict import VERDICTS
from finetune.tokenizer_training import prompt_texts, train_tokenizer
from prompts.template import load_template

TRAINED_MARKETS = ("SG", "BR")


def write_model_papers(folder: Path, markets_dir: Path) -> Path:
    """Write the papers of a model trained on SG and BR and calibrated on SG alone; gives `folder`."""
    # Labels alone, often: so each becomes one token, and their first tokens are distinct.
    texts = [
        *prompt_texts(load_template("v1"), load_markets(markets_dir).values()),
        *(label for label in VERDICTS for _ in range(40)),
    ]
    train_tokenizer(texts, 1500, folder / "merged")
    origin = {"name": "tiny", "prompt_version": "v1", "markets": TRAINED_MARKETS}
    manifest = {"origin": origin, "model_sha256": "ab" * 32, "files": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    calibration = {
        "format": 1,
        "route": "llm",
        "model_sha256": "ab" * 32,
        "prompt_version": "v1",
        "markets": {"SG": {"temperature": 1.0, "bias": [0.0, 0.0, 0.0]}},
    }
    (folder / "calibration.json").write_text(json.dumps(calibration))
    return folder

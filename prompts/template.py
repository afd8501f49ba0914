"""One version of the prompt's fixed words.

Takes: a version name, e.g. `v1`: a folder of `prompts/files`. Gives: a frozen `PromptTemplate` with its sha256.
Does not: turn words into ids (`prompts.render`), or change a version once it was used: a change is a new folder.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cases.errors import ConfigError

_FILES = Path(__file__).parent / "files"
_LAYOUT_KEYS = frozenset({"market", "exemplars", "exemplar_label", "case"})


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """The fixed words of one prompt version; `sha256` is over its files, for manifests."""

    version: str
    system: str
    market: str
    exemplars: str
    exemplar_label: str
    case: str
    sha256: str


def load_template(version: str = "v1") -> PromptTemplate:
    """Read the files of `version`; raises ConfigError when it does not exist or is not complete."""
    if not re.fullmatch(r"v\d+", version):
        raise ConfigError(f"prompt version {version!r}: written v1, v2, ...")
    folder = _FILES / version
    try:
        system, layout = (folder / "system.txt").read_bytes(), (folder / "layout.toml").read_bytes()
    except OSError as error:
        raise ConfigError(f"prompt version {version!r}: {error}") from error
    words = tomllib.loads(layout.decode("utf-8"))
    if set(words) != _LAYOUT_KEYS:
        raise ConfigError(f"{folder / 'layout.toml'}: must hold exactly {', '.join(sorted(_LAYOUT_KEYS))}")
    return PromptTemplate(
        version=version,
        system=system.decode("utf-8").strip(),
        market=str(words["market"]),
        exemplars=str(words["exemplars"]),
        exemplar_label=str(words["exemplar_label"]),
        case=str(words["case"]),
        sha256=hashlib.sha256(system + b"\x00" + layout).hexdigest(),
    )

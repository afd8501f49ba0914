#!/usr/bin/env bash
# Sets up .venv/ from the full lock, once: a second run finds the stamp and installs nothing.
# Takes: PYTHON (default python3.11), TORCH_INDEX (where the CPU build of torch is, if pip's own index has none).
# Gives: .venv/ with the locked packages and the `verdict` command. Does not touch anything outside .venv/.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON="${PYTHON:-python3.11}"
TORCH_INDEX="${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}"
TORCH="torch==2.13.0+cpu"
LOCK="requirements/cpu.lock"

say() { printf '\033[1m[setup]\033[0m %s\n' "$*" >&2; }
stop() { printf '\033[1;31m[setup]\033[0m %s\n' "$*" >&2; exit 1; }

# Before anything else: another system may lack the tools that the rest of this file uses.
[ "$(uname -s)" = Linux ] && [ "$(uname -m)" = x86_64 ] ||
  stop "supported: Linux on x86-64 with AVX2; this is $(uname -s) on $(uname -m)"
grep -qw avx2 /proc/cpuinfo || stop "supported: x86-64 with AVX2; this processor does not list avx2 in /proc/cpuinfo"

STAMP=".venv/.installed-$(cat "$LOCK" requirements/install.sh pyproject.toml | sha256sum | cut -c1-16)"

[ -f "$STAMP" ] && exit 0

command -v "$PYTHON" >/dev/null || stop "needs Python 3.11; '$PYTHON' was not found. Install it or set PYTHON=/path/to/python3.11"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
  stop "needs Python 3.11; '$PYTHON' is $("$PYTHON" --version 2>&1)"

if [ ! -x .venv/bin/python ]; then
  say "1/4 creating .venv"
  "$PYTHON" -m venv .venv || stop "could not create .venv: is the venv module of $PYTHON installed?"
fi
PIP=(.venv/bin/python -m pip --disable-pip-version-check)

say "2/4 torch (CPU build, about 200 MB)"
"${PIP[@]}" install --no-deps --quiet "$TORCH" 2>/dev/null ||
  "${PIP[@]}" install --no-deps --progress-bar on --index-url "$TORCH_INDEX" "$TORCH" ||
  stop "could not install $TORCH from pip's index or from TORCH_INDEX=$TORCH_INDEX"

say "3/4 $(grep -c '==' "$LOCK") locked packages"
"${PIP[@]}" install --no-deps --progress-bar on -r "$LOCK" | { grep --line-buffered -E '^(Collecting|Downloading|Installing|Successfully)' || true; } |
  awk '{ if ($1 == "Collecting") { n++; printf "\r\033[K[setup] %d %s", n, $2 } else if ($1 == "Installing") { printf "\r\033[K[setup] unpacking %d packages", n } fflush() } END { print "" }' >&2 ||
  stop "could not install $LOCK: pip says why above; run the same again to go on"
.venv/bin/python - <<'PY' || stop "torch is not the CPU build: delete .venv and run again (plain 'torch' from an index pulls CUDA)"
import sys
import torch
sys.exit(torch.version.cuda is not None)
PY

say "4/4 the project itself"
"${PIP[@]}" install --no-deps --no-build-isolation --quiet -e .
rm -f .venv/.installed-*
touch "$STAMP"
say "ready"

# `make` targets. Everything lives in .venv/; nothing needs a GPU, a container engine, a model hub or an account.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
BIN := .venv/bin
ARGS ?=

.PHONY: help setup demo serve test lint check format docs benchmark

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## install everything into .venv/ (once)
	@PYTHON="$(PYTHON)" TORCH_INDEX="$(TORCH_INDEX)" requirements/install.sh

demo: setup ## start a real vLLM and stream ten decisions (ONCE=1: then exit)
	@$(BIN)/verdict demo $(if $(ONCE),--once) $(ARGS)

serve: setup ## run the service on 127.0.0.1:8000
	@$(BIN)/verdict serve $(ARGS)

test: setup ## all tests
	@$(BIN)/python -m pytest $(ARGS)

lint: setup ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .

check: lint test ## what CI runs

format: setup ## rewrite the code in the project's style
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs: setup ## regenerate the docs that come from code
	@$(BIN)/verdict cases features --write docs/features.md

benchmark: setup ## every figure of docs/benchmarks (about an hour on 2 cores)
	@$(BIN)/python -m benchmarks.main_job $(ARGS)

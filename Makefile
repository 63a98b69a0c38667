# Basefly. A bare `make` prints what there is to say.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help up demo dev test check format lint types contracts sizes migrations secrets audit browser pictures \
  lighthouse e2e isolation conformance bench guards assets messages lock hooks clean

PY := .venv/bin/python
# One worker more than there are cores: the tests wait more than they compute.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# A Chromium, or a control plane, for each core: they compute more than they wait.
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
T ?=
ONLY ?=
EXACT ?=
NAME ?= ingest
SOURCES := basefly tests e2e bench scripts

help: ## This text
	@echo "Basefly: the control room for fleets of Kubernetes clusters."
	@echo
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make test T=core/clusters   only the tests of one room"

.venv/stamp: requirements.lock pyproject.toml scripts/bootstrap.sh
	@scripts/bootstrap.sh
	@touch $@

up: .venv/stamp assets ## Install, build and start the hub on its own PostgreSQL; prints how to sign in
	@exec .venv/bin/basefly up

demo: .venv/stamp assets ## A hub with twelve simulated clusters, for whoever has none; all of it is gone after Ctrl-C
	@exec .venv/bin/basefly demo

dev: .venv/stamp assets ## The same, restarted whenever a file of it changes
	@exec $(PY) -m scripts.dev

test: .venv/stamp assets ## Install and run the tests; T=core/clusters runs a part
ifeq ($(T),)
	@$(PY) -m pytest -n $(JOBS) --dist worksteal -m "not browser" --cov --cov-report=term
else
	@$(PY) -m pytest -n $(JOBS) -m "not browser" tests/$(T)
endif

check: format lint types contracts sizes migrations test ## Everything that must be green: format, lint, types, contracts, sizes, tests

format: .venv/stamp ## Is every file formatted? (FIX=1 formats)
	@$(PY) -m ruff format --quiet $(if $(FIX),,--check) $(SOURCES)

lint: .venv/stamp ## ruff, bandit's rules included (FIX=1 mends what it can)
	@$(PY) -m ruff check --quiet $(if $(FIX),--fix,) $(SOURCES)

types: .venv/stamp ## mypy, strict
	@$(PY) -m mypy

contracts: .venv/stamp ## Who may import whom
	@.venv/bin/lint-imports --no-logo --no-cache

sizes: .venv/stamp ## Files, folders, functions, parameters, nesting
	@$(PY) -m scripts.sizes

migrations: .venv/stamp ## Up, down, up again on a fresh PostgreSQL; the schema must come out the same
	@$(PY) -m scripts.migrations

isolation: .venv/stamp assets ## Every route by every kind of stranger; `make test` looks at a fourth of them, others each day
	@BASEFLY_EVERY_ROUTE=1 $(PY) -m pytest -n $(JOBS) tests/isolation

secrets: .venv/stamp ## Does a tracked file hold what looks like a secret and is not explained?
	@$(PY) -m scripts.secret_scan

audit: .venv/stamp ## Known vulnerabilities of what requirements.lock pins, as far as an index is reachable
	@$(PY) -m scripts.dependency_audit

browser: .venv/stamp assets ## Every page in a real Chromium, with axe
	@$(PY) -m pytest -n $(CORES) --dist worksteal -m browser

pictures: .venv/stamp assets ## A picture of every page, light and dark, wide and phone: build/pictures/index.html
	@$(PY) -m e2e.browser.pictures build/pictures

lighthouse: .venv/stamp assets ## Lighthouse over every page, best of three (EXACT=1: what CI looks at, once)
	@$(PY) -m e2e.browser.lighthouse $(if $(EXACT),--exact,) --json build/lighthouse.json

e2e: .venv/stamp assets ## Against real Kubernetes control planes (KUBEBUILDER_ASSETS or BASEFLY_E2E_KUBECONFIG)
	@$(PY) -m pytest -n $(CORES) --dist loadfile e2e

conformance: .venv/stamp ## The simulated cluster beside a real API server, and kubectl with both (ONLY=writes: a family)
	@$(PY) -m e2e.conformance $(if $(ONLY),--only $(ONLY),)
	@$(if $(ONLY),,$(PY) -m e2e.conformance.kubectl)

bench: .venv/stamp ## The bars beside their rivals, all or one: make bench NAME=ingest SIZE=L QUICK=1
	@$(PY) -m bench $(or $(NAME),all) --size $(or $(SIZE),S) $(if $(QUICK),--quick)

guards: .venv/stamp ## Each guard of the fault table taken out of a copy: its test must fail
	@$(PY) -m scripts.guards

assets: .venv/stamp ## Scripts and styles of the pages, built by esbuild when they changed
	@$(PY) hatch_build.py

messages: .venv/stamp ## Every text of the sources into the catalogues; says what is not translated (LIST=1 names it)
	@$(PY) -m scripts.messages $(if $(LIST),--list,)

lock: .venv/stamp ## Renew requirements.lock from pyproject.toml
	@.venv/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-header \
	  --no-emit-find-links pyproject.toml --group dev --group bench -o requirements.lock

hooks: .venv/stamp ## Run the fast checks before every commit
	@.venv/bin/pre-commit install

clean: ## Remove what was built and installed here (never your data)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build dist
	@rm -rf basefly/console/static/dist node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

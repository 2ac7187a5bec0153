# Everything a user types. `make help` lists the targets; each works on a fresh clone.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
TOOLS := .novacron/bin
ENV := .venv/.installed

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(ENV): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: Python 3.11 or newer is needed; say which with PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirements requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: env
env: $(ENV) ## Install the locked Python environment into .venv

.PHONY: lock
lock: $(ENV) ## Renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --universal --no-emit-index-url --quiet --upgrade -o requirements.lock

.PHONY: synth
synth: $(ENV) $(TOOLS)/kubeconform ## fleet/*.yaml -> generated/ and argocd/, checked
	@$(BIN)/novacron synth

.PHONY: check
check: $(ENV) $(TOOLS)/kubeconform ## Fail with a list if generated/ and argocd/ are not what fleet/ says
	@$(BIN)/novacron synth --check

$(TOOLS)/kubeconform: tools/kubeconform/go.mod tools/kubeconform/go.sum | $(ENV)
	$(BIN)/python tools/build.py kubeconform

.PHONY: tools
tools: $(ENV) ## Build every real part that tests and e2e run, from pinned Go modules
	$(BIN)/python tools/build.py checks consensus e2e

.PHONY: lint
lint: $(ENV) ## Format, lint, types, layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: $(ENV) ## Everything that needs no cluster
	$(BIN)/python tools/build.py checks consensus
	$(BIN)/python -m pytest

.PHONY: simulate-acp
simulate-acp: $(ENV) ## The decisions of consensus on 50,000 random schedules (SCHEDULES=...)
	ACP_SCHEDULES=$(or $(SCHEDULES),50000) $(BIN)/python -m pytest -q dwcp_runtime/consensus/simulation_test.py

.PHONY: e2e
e2e: $(ENV) ## A real control plane and the real Argo CD (KUBECONFIG=... uses your own cluster)
	$(BIN)/python tools/build.py e2e
	$(BIN)/python -m tests.e2e

.PHONY: e2e-acp
e2e-acp: $(ENV) ## Consensus members under faults, as root (E2E_OPTIONS=--short leaves out the longest)
	$(BIN)/python tools/build.py consensus
	$(BIN)/python -m tests.acp $(E2E_OPTIONS)

.PHONY: bench-synth
bench-synth: $(ENV) ## The generator beside helm, kustomize and cdk8s in TypeScript, one table
	$(BIN)/python tools/build.py kubeconform kubectl helm
	$(BIN)/python -m bench.synth --write

.PHONY: bench-dwcp
bench-dwcp: $(ENV) ## dwcp beside scp, rsync, zstd and others, as root (WAN=tool where the kernel has no netem)
	$(BIN)/python -m bench.dwcp --write $(if $(WAN),--wan '$(WAN)') $(BENCH_OPTIONS)

.PHONY: bench-acp
bench-acp: $(ENV) ## The consensus API beside etcd's own benchmark, as root (WAN=tool where the kernel has no netem)
	$(BIN)/python tools/build.py bench-acp
	$(BIN)/python -m bench.acp --write $(if $(WAN),--wan '$(WAN)') $(BENCH_OPTIONS)

.PHONY: schemas
schemas: $(ENV) ## Renew schemas/ from the releases named in schemas/lock.yaml (MIRROR=folder works offline)
	$(BIN)/novacron schemas update $(if $(MIRROR),--mirror $(MIRROR))

.PHONY: clean
clean: ## Remove caches and built tools; generated/ stays
	rm -rf .novacron .venv node_modules

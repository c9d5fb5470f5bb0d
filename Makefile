# make demo: the whole pipeline on embedded data; make test: the whole suite. Both make their own environment.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= all
BIN := .venv/bin

.PHONY: demo plan test test-slurm lint lock bench
.DELETE_ON_ERROR:

.venv/installed: requirements.lock
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --disable-pip-version-check --progress-bar off --quiet -r requirements.lock
	touch $@

demo: .venv/installed
	@echo "Running the demo: about 10 minutes on two cores, about 10 GB of disk at its peak (6 GB stay)."
	$(BIN)/snakemake --cores $(CORES) --quiet host reason
	$(BIN)/snakemake --report results/demo/report.html --quiet all
	@$(BIN)/python workflow_scripts/print_summary.py results/demo all

# What an experiment will cost: make plan CONFIG=experiments/NAME.yaml
CONFIG ?= config.yaml
plan: .venv/installed
	@PYTHONPATH=. $(BIN)/python workflow_scripts/print_plan.py $(CONFIG)

test: .venv/installed lint
	$(BIN)/python -m pytest

# Needs root and Debian's packages slurm-wlm and munge (skipped, with the reason, without them); about 5 minutes.
test-slurm: .venv/installed
	$(BIN)/python -m pytest -m slurm -rs

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

bench: .venv/installed
	PYTHONPATH=. $(BIN)/python benchmarks/realignment_step.py
	PYTHONPATH=. $(BIN)/python benchmarks/cost_model.py
	PYTHONPATH=. $(BIN)/python benchmarks/aligners.py

# Resolve requirements.in anew.
lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet -r requirements.in
	(head -2 requirements.lock; .venv-lock/bin/pip freeze | sed 's/^torch==\([0-9.]*\).*/torch==\1/') > requirements.lock.new
	mv requirements.lock.new requirements.lock
	rm -rf .venv-lock

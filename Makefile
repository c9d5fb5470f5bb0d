# Every target makes its own environment in .venv. What there is: make help.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= all
# Another Python has an environment of its own: PYTHON=python3.12 make test
VENV := .venv$(if $(filter environment command,$(firstword $(origin PYTHON))),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin

.PHONY: help demo docs published-page pictures plan report configuration encoders test test-slow test-faults test-slurm lint types lock bench test-arithmetic rooms
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## This list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: requirements.lock
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --disable-pip-version-check --progress-bar off --quiet -r requirements.lock
	touch $@

demo: $(VENV)/installed ## The whole pipeline on embedded data: about eleven minutes on two cores.
	@echo "Running the demo: about 11 minutes on two cores, about 10 GB of disk at its peak (6 GB stay)."
	$(BIN)/snakemake --cores $(CORES) --quiet host reason
	$(BIN)/snakemake --report results/demo/report.html --quiet all
	@PYTHONPATH=. $(BIN)/python workflow_scripts/print_summary.py results/demo all

# FROM=FOLDER takes the twelve files from a local folder in place of fetching them.
PUBLISHED := --configfile experiments/published.yaml $(if $(FROM),--config published_source=$(FROM))
published-page: $(VENV)/installed ## The page of the paper's published results: results/published/page/index.html
	$(BIN)/snakemake page --cores $(CORES) --quiet host reason $(PUBLISHED)
	@echo "Open results/published/page/index.html in a browser; it needs no network."

# Pictures of the demo and of the sweep of layers, too, where they have been run.
pictures: published-page ## docs/images anew, from the published results and the demo's (Chromium takes the page's picture).
	$(BIN)/snakemake figures --cores $(CORES) --quiet host reason $(PUBLISHED)
	$(BIN)/python docs/pictures.py results/published $(if $(wildcard results/demo/figures/all/retrieval.png),results/demo) \
		$(if $(wildcard results/layers/figures/all/layers_e5small_udpos.png),results/layers)

CONFIG ?= config.yaml
plan: $(VENV)/installed ## What would run, why, and its cost: make plan CONFIG=experiments/NAME.yaml (FULL=1: all of it)
	@$(BIN)/python -m alignfreeze plan $(CONFIG) $(if $(FULL),--full)

docs: $(VENV)/installed ## The documentation as a site, built and read without a network: site/index.html.
	PYTHONPATH=. $(BIN)/python -m sphinx -q -W --keep-going -b html docs site

encoders: $(VENV)/installed ## Write docs/encoders.md: every architecture tried with random weights
	PYTHONPATH=. $(BIN)/python benchmarks/encoders.py > docs/encoders.md

configuration: $(VENV)/installed ## Write docs/configuration.md and the JSON schema anew from the typed description
	$(BIN)/python -m alignfreeze.experiment.reference

report: $(VENV)/installed ## What is missing of an experiment, then its HTML report: make report CONFIG=experiments/NAME.yaml
	$(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG) --report-after-run \
		--report results/$$($(BIN)/python -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["experiment"])' $(CONFIG))/report.html

test: $(VENV)/installed lint ## Lint and the whole test suite.
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/installed ## Tests that take minutes each: the four tasks on real samples; the advice recomputed.
	$(BIN)/python -m pytest -m slow

test-faults: $(VENV)/installed ## Damaged files by the ten thousand, kills, full disks; the counts are printed.
	$(BIN)/python -m pytest -m faults -n 2

# Needs root and Debian's packages slurm-wlm and munge (skipped, with the reason, without them); about 5 minutes.
test-slurm: $(VENV)/installed ## Jobs through a SLURM cluster of one node, started for the test.
	$(BIN)/python -m pytest -m slurm -rs

# Other processors' arithmetic on this one: what a test compares must not depend on the order of adding.
ARITHMETIC := ATEN_CPU_CAPABILITY=default ATEN_CPU_CAPABILITY=avx2 MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=AVX2
NUMERIC := $(patsubst %,tests/unit/test_%.py,interleaving out_of_memory loss realignment finetuning training \
	inference encoders retrieval vocabulary)
test-arithmetic: $(VENV)/installed ## The numeric tests under the arithmetic of other processors: about six minutes.
	set -e; for setting in $(ARITHMETIC); do echo "$$setting"; env $$setting $(BIN)/python -m pytest $(NUMERIC); done

rooms: $(VENV)/installed ## The graph of the packages, in Mermaid's language.
	@PYTHONPATH=. $(BIN)/python -m alignfreeze.support.rooms

lint: $(VENV)/installed types ## Format, style, spelling, types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint
	$(BIN)/codespell

bench: $(VENV)/installed ## Speed beside its floor (docs/performance.md).
	PYTHONPATH=. $(BIN)/python benchmarks/realignment_step.py
	PYTHONPATH=. $(BIN)/python benchmarks/cost_model.py
	PYTHONPATH=. $(BIN)/python benchmarks/aligners.py

types: $(VENV)/installed ## The type checker on the library.
	$(BIN)/mypy

lock: ## Resolve requirements.in anew.
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet -r requirements.in
	(head -2 requirements.lock; .venv-lock/bin/pip freeze --all --exclude pip | sed 's/^torch==\([0-9.]*\).*/torch==\1/') > requirements.lock.new
	mv requirements.lock.new requirements.lock
	rm -rf .venv-lock

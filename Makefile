# foldproof's commands, the same for people, hooks and CI; `make` alone lists them.
# Needs Python 3.11 or newer, make and git. Everything else is installed into .venv, at the versions of constraints.txt.
#
# Variables (make repro NAME=value, or in the environment):
#   PYTHON       the Python that makes .venv; without it the first suitable one of python3, python3.13 ... 3.11
#   TORCH_INDEX  one more package index for torch, such as PyTorch's own of CPU builds (pytorch.org, Get started)
#   VENV         another environment, used as it is: nothing is installed, and this checkout's sources come first
#   ARGS         what is handed on to the command, such as ARGS="-k splits" for `make test`

VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin

# DVC, MLflow and what they bring along report nothing home.
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

ifeq ($(VENV),.venv)
# DVC's stages call `python`: the environment comes first on the PATH.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
ENVIRONMENT := .venv/.installed
# Scripts in an environment name its path, so a copied or moved one is of no use. The marker names this folder.
MADE := .venv/.made-for-$(shell printf '%s' "$(CURDIR)" | cksum | cut -d' ' -f1)
else
export PATH := $(VENV)/bin:$(PATH)
export PYTHONPATH := $(CURDIR)/src
ENVIRONMENT :=
endif

ifdef PYTHON
CANDIDATES := "$(PYTHON)"
else
CANDIDATES := python3 python3.13 python3.12 python3.11
endif
FIND_PYTHON = PATH="$${PATH\#"$(CURDIR)/.venv/bin:"}"; \
	for python in $(CANDIDATES) ""; do \
		test -n "$$python" || break; \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; \
	if test -z "$$python"; then \
		echo 'foldproof needs Python 3.11 or newer with its venv module; none of these is:' $(CANDIDATES) >&2; \
		echo 'Debian, Ubuntu: apt install python3 python3-venv. macOS: brew install python@3.13.' >&2; \
		echo 'Where it lies elsewhere: make PYTHON=/path/to/python3' >&2; \
		exit 1; \
	fi
PIP_INSTALL := -m pip install --quiet --quiet --disable-pip-version-check --no-input $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
TORCH := $(shell sed -n 's/^torch==//p' constraints.txt)

.PHONY: help repro retrain test smoke ui lint format bench bench-data chaos faults sabotage docs examples accuracy constraints clean-environment

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' Makefile | while read -r name text; do printf 'make %-18s %s\n' "$$name" "$$text"; done

repro: $(ENVIRONMENT) ## validate params.yaml, then run the stages that are not up to date
	@"$(BIN)/foldproof" repro $(ARGS)

retrain: $(ENVIRONMENT) ## pull, run what is stale, track, push and commit: what CI does (docs/retraining.md)
	@"$(BIN)/foldproof" retrain $(ARGS)

test: $(ENVIRONMENT) ## run the whole test suite, one process a core
	@"$(BIN)/python" -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

smoke: $(ENVIRONMENT) ## the same pipeline in under 30 seconds, away from the real outputs
	@"$(BIN)/foldproof" smoke $(ARGS)

ui: $(ENVIRONMENT) ## open MLflow's pages on 127.0.0.1
	@"$(BIN)/foldproof" ui $(ARGS)

lint: $(ENVIRONMENT) ## check style and types, change nothing
	@"$(BIN)/python" -m ruff check .
	@"$(BIN)/python" -m ruff format --check .
	@"$(BIN)/python" -m mypy

format: $(ENVIRONMENT) ## mend what can be mended by itself
	@"$(BIN)/python" -m ruff check --fix .
	@"$(BIN)/python" -m ruff format .

bench: $(ENVIRONMENT) ## time the fit beside three rivals, its scale, each technique and all that surrounds it; write benchmarks/RESULTS.md
	@"$(BIN)/python" -m benchmarks.run $(ARGS)

faults: $(ENVIRONMENT) ## run the checks on settings that are broken on purpose, and on healthy ones: which are found, and how
	@"$(BIN)/python" -m benchmarks.planted_faults $(ARGS)

sabotage: $(ENVIRONMENT) ## wreck a copy of the sources, one line at a time; a named test must turn red every time
	@"$(BIN)/python" -m sabotage $(ARGS)

chaos: $(ENVIRONMENT) ## kill, cut off, fill up and double real runs in scratch clones; nothing may be lost (15 minutes)
	@"$(BIN)/python" -m chaos $(ARGS)

docs: $(ENVIRONMENT) ## write docs/params.md anew from the sections of the params
	@"$(BIN)/python" -c 'from pathlib import Path; from foldproof.config.reference import reference; Path("docs/params.md").write_text(reference())'

examples: $(ENVIRONMENT) ## the comparison pictures of techniques, examples/techniques (three minutes; what is up to date is kept)
	@"$(BIN)/dvc" repro examples/techniques/dvc.yaml $(ARGS)

accuracy: $(ENVIRONMENT) ## measure the shipped params over five seeds, write benchmarks/RESULTS.md
	@"$(BIN)/python" -m benchmarks.accuracy $(ARGS)

bench-data: $(ENVIRONMENT) ## measure images, tagged text and large tables of FOLDPROOF_DATA, write benchmarks/RESULTS.md (20 minutes)
	@"$(BIN)/python" -m benchmarks.own_data $(ARGS)

constraints: ## resolve pyproject.toml anew in an empty environment, write constraints.txt (TORCH=2.14.0 for another torch)
	@$(FIND_PYTHON); \
	rm -rf build/constraints && "$$python" -m venv build/constraints && \
	build/constraints/bin/python $(PIP_INSTALL) 'torch==$(TORCH)' && \
	build/constraints/bin/python $(PIP_INSTALL) -e '.[dev]' && \
	{ sed -n '/^#/p' constraints.txt && build/constraints/bin/python -m pip freeze --exclude-editable --exclude setuptools \
		| sed -e 's/^\(torch==[^+]*\)+.*/\1/' -e '/^nvidia-/d' -e '/^cuda-/d' -e '/^triton==/d' | LC_ALL=C sort -f; } > build/constraints.txt && \
	mv build/constraints.txt constraints.txt && rm -rf build/constraints

clean-environment: ## remove .venv
	rm -rf .venv

.venv/.installed: $(MADE) pyproject.toml constraints.txt
	@echo 'environment: torch $(TORCH)'
	@.venv/bin/python $(PIP_INSTALL) -c constraints.txt torch
	@echo 'environment: the other packages (constraints.txt); the first time takes some minutes'
	@.venv/bin/python $(PIP_INSTALL) -c constraints.txt -e '.[dev]'
	@touch $@
	@echo 'environment: ready in .venv'

.venv/.made-for-%:
	@if ls .venv/.made-for-* >/dev/null 2>&1; then echo 'environment: .venv was made for another folder'; rm -rf .venv; fi
	@if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then \
		$(FIND_PYTHON); \
		echo "environment: .venv, by $$("$$python" --version)"; \
		"$$python" -m venv .venv; \
	fi
	@touch $@

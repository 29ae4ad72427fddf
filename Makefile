# Needs Python 3.11 to 3.13, make and git. Everything else comes from package registries, pinned by hash.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: help install demo test check lock clean

help:
	@echo 'make demo          replay a year of a grocery chain and show one customer; ONCE=1 stops at the end'
	@echo 'make test          every test; ARGS="-k name" for some'
	@echo 'make check         ruff and mypy'
	@echo 'make install       only the environment in .venv'
	@echo 'make lock          resolve the dependencies anew'
	@echo 'make clean         remove the environment; data in .throughline stays'

install: $(INSTALLED)

demo: $(INSTALLED)
	@$(BIN)/throughline demo $(if $(ONCE),--once)

test: $(INSTALLED)
	@$(BIN)/python -m pytest $(ARGS)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: $(INSTALLED)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --no-emit-index-url --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --output-file deploy/requirements/dev.txt --quiet

clean:
	rm -rf .venv

$(INSTALLED): deploy/requirements/dev.txt pyproject.toml
	@test -n '$(PYTHON)' || { echo 'Python 3.11 to 3.13 is needed; install one or set PYTHON=/path/to/python'; exit 1; }
	@echo 'Installing into .venv with $(PYTHON): about 600 MB the first time.'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --no-compile --require-hashes -r deploy/requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

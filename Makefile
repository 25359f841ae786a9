# The commands of .ci/run and of pre-commit, one by one.
PYTHON ?= .venv/bin/python
.PHONY: install lint format types test check bench example ci

install:
	python3 -m venv .venv
	.venv/bin/pip install -e '.[train,dev]'
	.venv/bin/pre-commit install

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

format:
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

types:
	$(PYTHON) -m mypy

test:
	$(PYTHON) -m pytest

check: lint types test

bench:
	$(PYTHON) benchmarks/speed.py --out benchmarks/speed.json
	$(PYTHON) benchmarks/check.py benchmarks/speed.json

example:
	$(PYTHON) examples/make_notes.py --out examples

ci:
	.ci/run

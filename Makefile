.PHONY: demo test lint build help
VENV := .venv
PY := $(VENV)/bin/python

help: ## what there is
	@grep -E '^[a-z]+:.*##' Makefile

$(VENV)/ready:
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/tests-ready: $(VENV)/ready requirements-test.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@

build: $(VENV)/ready ## the extension, optimised, into the virtual environment
	PIP_QUIET=1 $(PY) -m maturin develop --release --quiet

demo: build ## prepare the example data, and show plan, preview and report
	$(PY) examples/demo.py

lint: build $(VENV)/tests-ready ## formatting, clippy, ruff, types
	cargo fmt --check
	cargo clippy --release --all-targets --features python --quiet -- --deny warnings
	$(PY) -m ruff check python tests benches examples
	$(PY) -m mypy
	$(PY) -m mypy.stubtest fastprep._fastprep --mypy-config-file pyproject.toml

test: lint ## every check and test
	cargo test --release --quiet
	$(PY) -m pytest -q -m ''
	FASTPREP_BATCH_ROWS=1 $(PY) -m pytest -q -m batches
	FASTPREP_BATCH_ROWS=3 $(PY) -m pytest -q -m batches

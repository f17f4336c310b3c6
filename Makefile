# Every target sets up what it needs: .venv with the locked dependencies and this package, made once and kept until
# a lock file, pyproject.toml, the folder or PYTHON changes. See tools/make-environment.

PYTHON ?=
ARGS ?=
BIN := .venv/bin
PURE := $(addprefix tests/,evaluation model decision gates data checks monitoring project pages)
WITH_A_STORE := $(wildcard tests/decision/test_look_ups.py tests/decision/test_pyfunc.py \
	tests/decision/test_served_types.py tests/monitoring/test_shadow.py tests/model/test_scored_rows.py \
	tests/data/test_dialects.py tests/data/test_row_ids.py)
# Whole files to a worker, in their order; without the last option a run waits for ever for one that has died.
BY_FILE := --dist loadfile --no-loadscope-reorder --max-worker-restart 0
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help demo test test-pure acceptance check ui screenshots lock clean environment

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'PYTHON=... chooses the interpreter (3.11 or newer), ARGS=... is added to test, ui and lock.'

demo: environment ## Run the example from the rows to a model in production
	@$(BIN)/python -m logitgate_flows.demo

test test-pure: export OPENBLAS_NUM_THREADS = 1
test test-pure: export OMP_NUM_THREADS = 1
test test-pure: export MKL_NUM_THREADS = 1
test test-pure: export DO_NOT_TRACK = 1
# Set, it would have every process compile the tests and the sources again.
test test-pure acceptance: export PYTHONDONTWRITEBYTECODE =
test: environment ## Run the whole suite, doctests included
	$(BIN)/python -m pytest -n 3 $(BY_FILE) -m "not acceptance" $(ARGS)

test-pure: environment ## Test the arithmetic alone, where neither MLflow nor Prefect can be imported
	$(BIN)/python -m pytest -n 2 $(BY_FILE) --pure -m "not acceptance" $(PURE) \
		$(addprefix --ignore=,$(WITH_A_STORE)) $(ARGS)

acceptance: environment ## Build the image's environment and run every documented command, as a new user would
	$(BIN)/python -m pytest -m acceptance $(ARGS)

check: environment ## Formatting, lint, types, import contracts, image and compose file, what is installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint docker/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml
	$(BIN)/uv pip check --quiet --python $(BIN)/python

ui: environment ## Open the MLflow page with what was decided and why
	@$(BIN)/logitgate ui $(ARGS)

screenshots: environment ## Take the pictures of docs/screenshots again (needs Chromium; some minutes)
	@$(BIN)/python tools/screenshots.py

lock: environment ## Resolve pyproject.toml into the lock files again (ARGS=--upgrade for newer versions)
	$(COMPILE) $(ARGS) --group dev pyproject.toml --output-file requirements.lock
	$(COMPILE) --extra postgresql --constraints requirements.lock pyproject.toml \
		--output-file requirements-runtime.lock
	$(COMPILE) --group serve --constraints requirements.lock --output-file requirements-serve.lock
	echo uv | $(COMPILE) --no-annotate --constraints requirements.lock - --output-file requirements-bootstrap.lock

clean: ## Remove .venv, builds and caches; stores with runs and models stay
	rm -rf .venv .venv.lock build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@PYTHON='$(PYTHON)' sh tools/make-environment

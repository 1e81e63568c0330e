# The one door: everything a newcomer, a developer or a build machine does starts here. Each target sets up what it
# needs in .venv; nothing is installed outside this folder but the Debian packages named below, and those only by root.

PYTHON ?= python3
ARGS ?=
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check -qq install

.PHONY: help demo test run check test-long test-system bench screenshots lock clean

help:
	@echo "make demo         simulated Google + gateway + simulated UCM6300 (ARGS=--once: one meeting, then exit)"
	@echo "make test         set up and run the tests"
	@echo "make run          the gateway on config.yaml"
	@echo "make check        format, lint, types, layers"
	@echo "make test-long    the tests with full counts"
	@echo "make test-system  what needs strace or root"
	@echo "make bench        speed, side by side with its floor"
	@echo "make screenshots  pictures of every page into docs/images"

demo: $(VENV)/.runtime
	@$(RUN) -m simulator demo $(ARGS)

run: $(VENV)/.runtime
	@$(RUN) -m gateway serve $(ARGS)

test: $(VENV)/.dev
	@sh tests/system/debian-packages.sh curl chromium
	@# Some tests start hundreds of processes; where byte code is not kept, each would compile everything again.
	@$(RUN) -m compileall -q gateway simulator tests
	$(RUN) -m pytest -n auto --maxprocesses=8 --dist=worksteal $(ARGS)

check: $(VENV)/.dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

test-long: $(VENV)/.long
	LONG=1 $(RUN) -m pytest --timeout=1800 $(ARGS)

test-system: $(VENV)/.dev
	@sh tests/system/debian-packages.sh strace
	$(RUN) -m pytest tests/system -rs $(ARGS)

bench: $(VENV)/.dev
	@$(RUN) -m tests.bench $(ARGS)

screenshots: $(VENV)/.dev
	@sh tests/system/debian-packages.sh chromium
	@$(RUN) -m tests.browser.pictures docs/images $(ARGS)

# The locks carry hashes and no index address, so any index serves. Needs uv.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q
lock:
	$(LOCK) pyproject.toml -o requirements/runtime.txt
	$(LOCK) --group pyproject.toml:build -o requirements/build.txt
	$(LOCK) pyproject.toml --group pyproject.toml:build --group pyproject.toml:test --group pyproject.toml:check -c requirements/runtime.txt -o requirements/dev.txt
	$(LOCK) pyproject.toml --group pyproject.toml:build --group pyproject.toml:test --group pyproject.toml:check --group pyproject.toml:long -c requirements/dev.txt -o requirements/long.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.made:
	@sh tests/system/make-venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.runtime: $(VENV)/.made requirements/runtime.txt requirements/build.txt
	@echo "Installing what the gateway needs into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/runtime.txt
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.long: $(VENV)/.dev requirements/long.txt
	@$(PIP) --require-hashes -r requirements/long.txt
	@touch $@

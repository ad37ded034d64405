# Everything happens in .venv; a fresh machine needs only make, git and Python >= 3.11.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
COMPILE = $(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
          --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# The tests start the program thousands of times: without bytecode each of them would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: docs prose night-tests faults-over-tls demo test lint types check lint-ci lint-groovy audit sbom runners browser clients faults walks schedules model cancels fuzz fuzz-parsers canary mutants bench generate nightly lock clean

demo: $(VENV)/.run
	$(BIN)/shipline demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# The words of every text that users read. FILES="docs/errors.md schemas": only of these.
prose: $(VENV)/.lint
	$(BIN)/python tools/prose.py $(FILES)

# The documentation site, from docs/: into build/site, strictly, without the network.
docs: $(VENV)/docs/.ready
	NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --strict --quiet

$(VENV)/docs/.ready: requirements/docs.txt | $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/docs
	$(VENV)/docs/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --requirement requirements/docs.txt
	touch $@

# What the CI systems read: workflows, actions, scripts. Needs Node.js.
lint-ci: $(VENV)/.lint
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/lint_ci.py

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

# The gate runs a slice of these sets; NIGHTLY=1: all of each.
SLICE = $(if $(NIGHTLY),--nightly)

# Everything that the gate has only a slice of; each part can be run alone, and the others run if one fails. For the night.
NIGHT = night-tests faults faults-over-tls walks schedules canary fuzz fuzz-parsers browser runners clients
nightly: $(VENV)/.dev
	$(MAKE) --keep-going $(NIGHT) NIGHTLY=1 WALKS=$(or $(WALKS),200) FUZZ=$(or $(FUZZ),10m)

# All tests with all cases, each run of the program as a process of its own.
night-tests: $(VENV)/.dev
	$(BIN)/python -m pytest --nightly --processes --numprocesses 4 --dist worksteal

faults-over-tls: $(VENV)/.dev
	$(MAKE) faults TLS=1 PROXIED=1

# The real runners, in containers. Needs root on Debian: it installs an engine.
runners: $(VENV)/.dev
	engine="$$(tests/runners/engine)" && eval "$$engine" && $(BIN)/python -m pytest tests/runners --durations 0 $(SLICE)

# The sandbox's page and the reports in a real browser; screenshots come into build/screenshots. Needs Chromium with its driver
# and Node.js: installed by apt-get on Debian as root.
browser: $(VENV)/.browser
	engine="$$(tests/browser/engine)" && eval "$$engine" && $(BIN)/python -m pytest tests/browser $(SLICE)

# Editors and clients: a YAML language server with the config file's schema; against the sandbox, clients that generators make
# from the OpenAPI files, and the v3 vendor's own (its Python SDK, and LexActivator over TLS). Needs Node.js and openssl.
clients: $(VENV)/clients/.ready $(VENV)/.dev
	$(BIN)/python -m pytest --nightly tests/clients --numprocesses 2 --dist loadfile

$(VENV)/clients/.ready: requirements/clients.txt requirements/cryptlex.txt tests/clients/package-lock.json | $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/clients
	$(VENV)/clients/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --requirement requirements/clients.txt
	$(BIN)/python -m venv $(VENV)/clients/cryptlex
	$(VENV)/clients/cryptlex/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --requirement requirements/cryptlex.txt
	cp tests/clients/package*.json $(VENV)/clients/
	npm ci --prefix $(VENV)/clients --ignore-scripts --no-audit --no-fund --silent
	touch $@

# Every request of the main job with every fault, and a kill around every POST and receipt write; writes the figures into
# docs/test-results.md. Half an hour on two cores. TLS=1: the same with services that speak TLS; PROXIED=1: through a proxy.
faults: $(VENV)/.dev
	$(BIN)/python -m pytest tests/faults --whole $(if $(TLS),--tls) $(if $(PROXIED),--proxied) --write-figures --numprocesses 6

# Random walks over faults, kills, cancels and re-runs, for the night; writes their figures into docs/test-results.md.
walks: $(VENV)/.dev
	WALKS=$(or $(WALKS),2000) $(BIN)/python -m pytest tests/faults/test_walks.py --write-figures --numprocesses 6

# Three runners with the shared journal at random times: starts, kills, pauses, lost connections. SEED=100: the first seed.
schedules: $(VENV)/.dev
	SCHEDULES=$(or $(SCHEDULES),500) $(BIN)/python -m pytest tests/faults/test_schedules.py --verbose --numprocesses 4

# A model of the journal's protocol, in full: no two runners get past "sending" for one request, and without that write they
# do. Needs spin and a C compiler.
model:
	mkdir -p build/model
	cd build/model && for fence in "" -DNO_FENCE; do \
	  spin $$fence -a ../../tests/model/journal.pml && $(CC) -O2 -w -DSAFETY -o pan pan.c && ./pan -m100000 >found && \
	  if [ "$$fence" ]; then grep "errors: 1" found; else grep "errors: 0" found; fi || exit 1; done

# Cancels at random moments of a job and of a fleet: each ends within a second. On a machine that does nothing else.
cancels: $(VENV)/.dev
	CANCELS=$(or $(CANCELS),200) $(BIN)/python -m pytest tests/job/test_cancels.py --numprocesses 2

# Whatever the OpenAPI files allow and forbid, against the sandbox; FUZZ=10m goes on with new data, EXAMPLES=3: few of each.
fuzz: $(VENV)/.dev
	$(BIN)/python tools/fuzz.py $(if $(FUZZ),--time $(FUZZ)) $(if $(EXAMPLES),--examples $(EXAMPLES))

# Small changes to the code, one at a time: does a test notice? Prints what survived, and writes the share into docs/test-results.md.
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
# an engine for containers, as `runners` does; fleet takes ten minutes). BASE=/path compares `job` and `start` with another
# checkout that has its .venv. Fails if a limit doesn't hold.
bench: $(VENV)/.dev
	$(if $(filter image,$(or $(ONLY),image)),engine="$$(tests/runners/engine)" && eval "$$engine" &&) $(BIN)/python -m benchmarks $(ONLY)

generate: $(VENV)/.dev
	$(BIN)/python tools/generate.py

# Lint, types, generated files, and the structure: cycles, boundaries, refused constructs and counts of lines.
check: lint types
	$(BIN)/python tools/generate.py --check
	$(BIN)/python tools/structure.py

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

$(VENV)/.lint: requirements/lint.txt tools/languageservice/package-lock.json $(VENV)/.dev
	$(PIP) install --require-hashes --requirement requirements/lint.txt
	mkdir -p $(VENV)/languageservice && cp tools/languageservice/package*.json $(VENV)/languageservice/
	npm ci --prefix $(VENV)/languageservice --ignore-scripts --no-audit --no-fund --silent
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
	$(COMPILE) --output-file requirements/clients.txt requirements/clients.in
	$(COMPILE) --output-file requirements/cryptlex.txt requirements/cryptlex.in
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/docs.txt requirements/docs.in
	$(COMPILE) --output-file requirements/audit.txt requirements/audit.in

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .shipline

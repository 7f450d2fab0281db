# `make run` starts Blogen, `make test` proves it: both prepare what they need on a machine that only has Python.

VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --quiet --disable-pip-version-check --require-hashes

SERVERS := tests/servers/node_modules

# Some machines forbid Python to keep what it has compiled: hundreds of starts would compile Blogen anew.
export PYTHONDONTWRITEBYTECODE :=
SITE := tests/site/node_modules

.PHONY: help run app app-native test pytest jest test-gateway lighthouse check format bench lock screenshot screenshots chromium java clean

help:
	@echo 'make run         start Blogen at http://127.0.0.1:8080 (ARGS="--port 9000" are passed on)'
	@echo 'make app         build the phone app, which Blogen then serves at /app/'
	@echo 'make app-native  bundles of the phone app for Android and iOS, in mobile/dist-native/'
	@echo 'make test        all tests (ARGS="tests/store -x" are passed on to pytest)'
	@echo 'make test-gateway  posts through the proxy of LiteLLM, which takes minutes to install'
	@echo 'make lighthouse  what Lighthouse says of home and post'
	@echo 'make check       style, types, direction of imports'
	@echo 'make format      let ruff put the style right'
	@echo 'make bench       speed and size beside their baselines (ARGS="--peers": beside Huey and DBOS too)'
	@echo 'make app-bench   size of the phone app, and its speed on a slow phone'
	@echo 'make lock        renew the lock files (UPGRADE=1: to the newest versions)'
	@echo 'make screenshot  take the pictures of README.md anew (that of the app needs make app)'
	@echo 'make screenshots  twelve pages, phone and desktop, light and dark, in artefacts/screenshots/'

.DEFAULT_GOAL := help

run: $(VENV)/run.stamp
	@exec $(PY) run.py serve $(ARGS)

# Tests wait as often as they compute, for processes above all: two workers more than there are cores, six at most.
WORKERS = $$($(PY) -c 'import os; print(min((os.cpu_count() or 1) + 2, 6))')

test: $(VENV)/dev.stamp chromium java $(SERVERS)/.stamp $(SITE)/.stamp mobile/node_modules/.built
	@$(MAKE) --no-print-directory --keep-going -j2 pytest $(if $(ARGS),,jest)
	@$(if $(ARGS),,$(MAKE) --no-print-directory lighthouse)

pytest:
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# Beside the tests in Python, which often wait; what it says is told at its end.
jest:
	@$(with-node) && cd mobile && { said=$$($(APP_ENV) npm test --silent 2>&1) && code=0 || code=$$?; echo "$$said"; exit $$code; }

test-gateway: $(VENV)/dev.stamp $(SERVERS)/.stamp tests/servers/.gateway/.stamp
	@$(PY) -m pytest tests/servers/check_gateway.py $(ARGS)

lighthouse: $(VENV)/dev.stamp chromium $(SITE)/.stamp
	@$(with-node) && $(PY) -m pytest -s tests/site/check_lighthouse.py $(ARGS)

check: $(VENV)/dev.stamp mobile/node_modules/.stamp
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(with-node) && cd mobile && $(APP_ENV) npm run --silent typecheck && $(APP_ENV) npm run --silent lint

format: $(VENV)/dev.stamp
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

bench: $(VENV)/run.stamp
	@$(PY) -m bench $(ARGS)

app-bench: $(VENV)/dev.stamp chromium
	@$(PY) -m bench app $(ARGS)

screenshot: $(VENV)/dev.stamp chromium
	@$(PY) docs/screenshot.py

screenshots: $(VENV)/dev.stamp chromium
	@$(PY) docs/screenshots.py

# One environment serves both; the development lock contains the other.
$(VENV)/run.stamp: requirements.lock
	$(make-venv)
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock
	$(make-venv)
	@$(INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

define make-venv
@$(PY) -c 'import pip' 2>/dev/null || { \
	for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		$$python -c 'import ensurepip, venv' 2>/dev/null || { without="$$without $$python"; continue; }; \
		echo "Preparing $(VENV) with $$($$python --version), once ..."; \
		exec $$python -m venv --clear $(VENV); \
	done; \
	if [ -n "$$without" ]; then \
		echo "Python's venv module is needed, and$$without lacks it. On Debian and Ubuntu: apt install python3-venv" >&2; \
	else \
		echo "Python 3.11 or newer is needed; found: $$(python3 --version 2>&1 || echo none)." \
			"Install it, or name it: make run PYTHON=/path/to/python3.12" >&2; \
	fi; \
	exit 1; }
endef

# The browser tests and the screenshots drive Chromium; the checker of HTML is a Java program.
chromium:
	@command -v chromium >/dev/null || $(call install,Chromium,chromium,the browser tests)
	@command -v chromium-headless-shell >/dev/null || $(call install,Chromium's headless shell,chromium-headless-shell,quick browser tests)

java:
	@command -v java >/dev/null || $(call install,Java,default-jre-headless,the test of the HTML of pages)

# $(call install,what,package,who needs it): by apt, if that can be done without a question.
define install
{ \
	if [ "$$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else sudo=none; fi; \
	if [ "$$sudo" = none ] || ! command -v apt-get >/dev/null; then \
		echo "$(1) was not found and cannot be installed from here; it is needed for $(3)." >&2; \
	else \
		echo "Installing $(1) for $(3), once ..."; \
		{ $$sudo apt-get -qq update \
		&& $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $(2); } >/dev/null \
		|| echo "$(1) could not be installed; it is needed for $(3)." >&2; \
	fi; }
endef

# Node.js: the machine's if it is new enough (20.19.4, as React Native asks), else one from PyPI beside Python.
define with-node
PATH="$(CURDIR)/$(VENV)/bin:$$PATH"; \
new_enough='const [a, b, c] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && (b > 19 || (b == 19 && c >= 4))) ? 0 : 1)'; \
{ { npm --version && node -e "$$new_enough"; } >/dev/null 2>&1 || $(INSTALL) -r tests/servers/node-requirements.lock; }
endef

# Servers by other hands, which tests/servers runs Blogen against.
$(SERVERS)/.stamp: tests/servers/package-lock.json tests/servers/node-requirements.lock | $(VENV)/dev.stamp
	@echo "Installing the servers that Blogen is tested against, once ..."
	@$(with-node) \
	&& (cd tests/servers && npm ci --loglevel=error >/dev/null) && touch $@ \
	|| echo "They could not be installed (Node.js 20.19.4 or newer and npm are needed); tests/servers will fail." >&2

# What looks at the pages in tests/site: axe-core, Lighthouse, and the Nu HTML checker.
$(SITE)/.stamp: tests/site/package-lock.json tests/servers/node-requirements.lock | $(VENV)/dev.stamp
	@echo "Installing what looks at the pages in tests, once; 220 MB ..."
	@$(with-node) \
	&& (cd tests/site && npm ci --loglevel=error >/dev/null) && touch $@ \
	|| echo "It could not be installed (Node.js 20.19.4 or newer and npm are needed); tests/site will fail." >&2

# The phone app, which the server finds in mobile/dist. Metro keeps what it has compiled: the second time takes seconds.
APP_ENV := CI=1 EXPO_OFFLINE=1 EXPO_NO_TELEMETRY=1 DO_NOT_TRACK=1

app: mobile/node_modules/.stamp
	@$(with-node) && cd mobile && $(APP_ENV) npm run --silent build:web && echo "The app is built: Blogen serves it at /app/."

# For the tests: built once, and again when its sources have changed.
APP_SOURCES := $(shell find mobile/src mobile/public mobile/worker mobile/scripts mobile/assets -type f) mobile/app.json mobile/babel.config.js

mobile/node_modules/.built: mobile/node_modules/.stamp $(APP_SOURCES)
	@$(MAKE) --no-print-directory app >/dev/null && touch $@

app-native: mobile/node_modules/.stamp
	@$(with-node) && cd mobile && $(APP_ENV) npm run --silent build:native && echo "The bundles are in mobile/dist-native/."

mobile/node_modules/.stamp: mobile/package-lock.json | $(VENV)/run.stamp
	@echo "Installing what the app is built with, once; this takes minutes and 700 MB ..."
	@$(with-node) || { echo "The app needs Node.js 20.19.4 or newer with npm; found: $$(node --version 2>/dev/null || echo none)." \
		"Install it from your system or https://nodejs.org, then run make app again." >&2; exit 1; }
	@$(with-node) && cd mobile && $(APP_ENV) npm ci --loglevel=error >/dev/null || { \
		echo "npm could not install the app's packages; the lines above say why. Is the registry within reach?" >&2; exit 1; }
	@touch $@

# LiteLLM wants other versions of what Blogen uses, so it has an environment of its own.
tests/servers/.gateway/.stamp: tests/servers/litellm-requirements.lock | $(VENV)/dev.stamp
	@echo "Installing LiteLLM's proxy, once; this takes minutes and 800 MB ..."
	@$(PY) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) pyproject.toml

lock:
	$(make-venv)
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check uv
	@$(COMPILE) -o requirements.lock
	@$(COMPILE) --extra anthropic --constraint requirements.lock -o requirements-anthropic.lock
	@$(COMPILE) --group dev --constraint requirements-anthropic.lock -o requirements-dev.lock

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache artefacts

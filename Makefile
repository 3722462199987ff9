# Everything runs inside the platform (Debian 13), which the launcher prepares on first use.
INSIDE := ./ringfence shell --
PYTHON := /opt/ringfence/.platform/venv/bin/python
BIN := /opt/ringfence/.platform/venv/bin
CODE := src tests bench tools

.PHONY: run demo test check unit fuzz system browser bench webphone deb docs format lock platform platform-test

run: ## start the phone system; Ctrl-C stops it
	@exec ./ringfence up

demo: ## two phones, one call, one attacker, in network namespaces
	@exec ./ringfence demo

test: check fuzz system browser ## everything

check: platform-test ## format, lint, types, import contracts, migrations, unit tests
	$(INSIDE) $(BIN)/ruff format --check $(wildcard $(CODE))
	$(INSIDE) $(BIN)/ruff check $(wildcard $(CODE))
	$(INSIDE) $(BIN)/mypy src tools $(wildcard bench)
	$(INSIDE) $(BIN)/lint-imports --no-cache
	$(if $(wildcard src/ringfence/portal/manage.py),$(INSIDE) $(PYTHON) -m ringfence.portal.manage makemigrations --check --dry-run)
	$(INSIDE) $(BIN)/pytest tests/unit -n 2 --dist loadfile

unit: platform-test
	$(INSIDE) $(BIN)/pytest tests/unit

fuzz: platform-test ## what the API description permits and forbids, sent to every operation
	$(INSIDE) $(BIN)/pytest tests/fuzz -n 2

system: platform-test ## real engines in network namespaces, two systems side by side; what fails is asked once more, of a fresh system and alone
	$(INSIDE) $(BIN)/pytest tests/system -n 2 || $(INSIDE) $(BIN)/pytest tests/system --last-failed --last-failed-no-failures none

browser: platform-test ## the portal in a real Chromium; what fails is asked once more, like there
	$(INSIDE) $(BIN)/pytest tests/browser -n 2 --dist loadfile || $(INSIDE) $(BIN)/pytest tests/browser --last-failed --last-failed-no-failures none

bench: platform-test ## the measurements of the performance goals; some only: make bench PARTS="drops edge --repeats 2"
	$(INSIDE) $(PYTHON) -m bench $(PARTS)

deb: platform ## build the Debian package into dist/
	$(INSIDE) $(PYTHON) -m tools.deb

webphone: ## bundle what the browser phone takes from npm, and check the types of its scripts (needs node; running does not)
	cd webphone && npm ci --no-fund --no-audit && npm run build && npm run check

docs: platform-test ## renew docs/policy.md from the rules and docs/wsi.asyncapi.json from the table of events
	$(INSIDE) $(PYTHON) -m tools.policy_doc
	$(INSIDE) $(PYTHON) -m tools.asyncapi

format: platform-test ## put the code into the one format
	$(INSIDE) $(BIN)/ruff format $(wildcard $(CODE))
	$(INSIDE) $(BIN)/ruff check --fix $(wildcard $(CODE))

lock: platform-test ## renew the hash-pinned lock files from requirements*.in
	$(INSIDE) platform/lock

platform: ## only prepare the platform
	@./ringfence setup

platform-test:
	@./ringfence setup --test

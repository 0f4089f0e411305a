# `make demo` needs Python 3.11 or later and the network; nothing else.
# Stamp files in .venv remember what was installed from which lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo test check venv simulate bench lock schemas clean secrets

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: $(RUN) ## run the whole thing on this machine: no Kafka, no Docker
	@$(BIN)/erasure demo $(ARGS)

# The tests wait more than they work, so more of them run at once than there are cores.
WORKERS ?= 3

test: $(DEV) ## run every test, with a real Kafka and a real PostgreSQL
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: $(DEV) ## lint, format, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict -d '{extends: relaxed, rules: {line-length: {max: 110}}}' docker-compose.yml .github

venv: $(DEV) ## make .venv, with all that development needs

simulate: $(DEV) ## run the core at random, 100,000 times (ARGS="--seconds 60")
	@$(BIN)/python -m tests.core.simulating $(or $(ARGS),--runs 100000)

bench: $(DEV) ## measure
	@$(BIN)/python -m benchmarks

schemas: $(DEV) ## regenerate schemas/generated
	@$(BIN)/python -m schemas.generate

clean: ## remove what the targets above made
	rm -rf $(VENV) build dist demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 …")'
	@echo "Making $(VENV) (once; about a minute)."
	@$(PYTHON) -m venv $(VENV)

$(RUN): requirements/build.txt requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --quiet --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# Compile with the oldest Python we support, or the locks may miss what it needs.
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-emit-options $(ARGS)

lock: $(DEV) ## compile the locks (ARGS=--upgrade for newer versions)
	$(COMPILE) --all-build-deps --only-build-deps --output-file requirements/build.txt pyproject.toml
	$(COMPILE) --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --extra dev --constraint requirements/build.txt --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml

# The folder keeps others of this machine out; the files in it must be readable
# for the user inside the containers.
secrets: ## make the passwords and the portal's key that docker-compose.yml needs, once
	@mkdir -p -m 0700 secrets
	@test -e secrets/postgres_password || $(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(32), end="")' > secrets/postgres_password
	@printf 'postgresql+psycopg://erasure:%s@postgres/erasure' "$$(cat secrets/postgres_password)" > secrets/erasure_database_url
	@test -e secrets/portal.pem || (umask 077; openssl genpkey -algorithm ed25519 -out secrets/portal.pem)
	@openssl pkey -in secrets/portal.pem -pubout -out secrets/portal_public.pem
	@chmod 0644 secrets/postgres_password secrets/erasure_database_url secrets/portal_public.pem

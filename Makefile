# demo · test · check · up: the same words everywhere; CI runs `make test`.
PYTHON ?= python3
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
LOCK := requirements-$(PYTHON_VERSION).lock
BIN := .venv/bin

.PHONY: demo test check servers format lock up

demo: .venv/installed
	$(BIN)/mlspend demo

test: check servers
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 dbt_project

# In CI the servers that some tests need must be there; elsewhere those tests skip and say so.
servers:
ifeq ($(CI),true)
	command -v redis-server && test -d /usr/lib/postgresql || \
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends postgresql redis-server; }
endif

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --processes 2 dbt_project

up: .env
	docker compose up --build --detach --wait

.env:
	@echo "Copy .env.example to .env and fill in the secrets first."; exit 1

# Everything in the lock is pinned with its hash; --no-deps, because pip's resolver refuses hashes for extras.
.venv/installed: $(LOCK) pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

requirements-%.lock:
	@echo "mlspend runs on Python 3.11 and 3.12; $(PYTHON) is $(PYTHON_VERSION). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1

# Renews both locks; needs uv (https://docs.astral.sh/uv).
lock:
	for version in 3.11 3.12; do \
		uv pip compile pyproject.toml --extra production --extra dev --python-version $$version \
			--generate-hashes --no-emit-index-url --no-annotate --no-header --output-file requirements-$$version.lock; \
	done

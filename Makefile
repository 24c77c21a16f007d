# `make` lists what can be made. Everything lands in .venv/, var/ and, for the tests' real parts, ~/.cache/registry-sidecar/.

PYTEST = .venv/bin/pytest

.PHONY: help run test test-long clients docs bench check format
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/installed ## a registry and a sidecar on this machine, ready for docker login (REGISTRY=/path to use your own)
	@.venv/bin/sidecar quickstart --yes $(if $(REGISTRY),--registry "$(REGISTRY)") $(ARGS)

test: .venv/installed-dev ## every test but the long ones, against real registries and real clients
	@.venv/bin/python -m tests.parts
	$(PYTEST) -n 2 --dist loadscope $(ARGS)

test-long: .venv/installed-dev ## the tests that take minutes
	@.venv/bin/python -m tests.parts
	$(PYTEST) -m long $(ARGS)

clients: .venv/installed-dev ## try every client against both lines of registries, and write docs/clients.md
	@.venv/bin/python -m tests.parts
	@rm -f var/clients.jsonl && mkdir -p var
	CLIENTS_RESULTS=$(CURDIR)/var/clients.jsonl STRICT=1 $(PYTEST) -n 2 --dist loadscope tests/system/test_every_client.py
	@.venv/bin/python -m tests.system.client.page var/clients.jsonl

docs: .venv/installed-dev ## write docs/api.md and docs/configuration.md anew, by the code and a registry
	@.venv/bin/python -m tests.parts
	@.venv/bin/python -m tests.project.api_page
	@.venv/bin/python -m tests.project.configuration_page

bench: .venv/installed-dev ## measure, and write docs/benchmarks.md (needs wrk; half an hour, or one part: ARGS=api)
	@.venv/bin/python -m tests.bench $(ARGS)

check: .venv/installed-dev ## format, lint, types and layers
	.venv/bin/ruff format --check sidecar tests
	.venv/bin/ruff check sidecar tests
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/installed-dev ## rewrite the code in its one format
	.venv/bin/ruff check --fix sidecar tests
	.venv/bin/ruff format sidecar tests

.venv/installed: pyproject.toml .ci/venv
	@echo "Installing into .venv …"
	@PYTHON="$(PYTHON)" .ci/venv
	@touch $@

.venv/installed-dev: pyproject.toml .ci/venv
	@echo "Installing into .venv, with what the tests need …"
	@PYTHON="$(PYTHON)" .ci/venv dev
	@touch $@ .venv/installed

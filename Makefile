# The project's verbs; CI uses the same ones. `make` alone lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help site serve example test check lock bench clean
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3.11
EXAMPLE ?= plot_bnn
ADDRESS ?= 127.0.0.1:8000
# More words for pytest: make test ARGS="-k elbo".
ARGS ?=
# Processes that share the tests: make test WORKERS=0 runs them in one, for a debugger.
WORKERS ?= auto

BIN := .venv/bin
SYNCED := .venv/synced
INSTALLED := .venv/installed
WORKFLOWS := $(wildcard .github/workflows/*.yml)
# uv draws progress bars in a terminal; elsewhere it would list every package.
QUIET := $(if $(MAKE_TERMOUT),,--quiet)

export MPLBACKEND := agg
export TF_CPP_MIN_LOG_LEVEL := 3
export NO_MKDOCS_2_WARNING := 1
export DISABLE_MKDOCS_2_WARNING := true
# The same commit gives the same site, whatever the day.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)
ifneq ($(SOURCE_DATE_EPOCH),)
export SOURCE_DATE_EPOCH
else
unexport SOURCE_DATE_EPOCH
endif

help: ## list these verbs
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS=$$'\t' read -r verb does; do printf 'make %-8s %s\n' "$$verb" "$$does"; done

# Built aside and then exchanged: a build that fails or is interrupted leaves the last good site in place.
# Not --quiet: mkdocs then counts no warning, and --strict finds nothing.
site: $(INSTALLED) ## run the examples that changed and build the site into site/
	@echo "Building the site; an example runs only if it, the library or the lock has changed."
	@$(BIN)/python -m mkdocs build --strict --site-dir build/site
	@rm -rf build/previous; if [ -e site ]; then mv site build/previous; fi; mv build/site site; rm -rf build/previous
	@echo "Built site/. Look at it: make serve"

serve: $(INSTALLED) ## show the site at http://127.0.0.1:8000/ and redraw it as you type
	@echo "Building the site, then serving it at http://$(ADDRESS)/ (Ctrl-C ends it)."
	@$(BIN)/python -m mkdocs serve --livereload --dev-addr $(ADDRESS)

example: $(INSTALLED) ## run one example: make example EXAMPLE=plot_bnn
	@test -f examples/$(EXAMPLE).py || { echo "There is no examples/$(EXAMPLE).py. There are: $(basename $(notdir $(wildcard examples/plot_*.py)))" >&2; exit 1; }
	@$(BIN)/python examples/$(EXAMPLE).py

test: site ## build the site, then run every test (Chromium's too, if it is installed)
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist worksteal $(ARGS)

check: $(INSTALLED) ## look for mistakes without running anything
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { $(BIN)/ruff format --diff --quiet; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/zizmor --offline --pedantic --quiet .github
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff
	@$(BIN)/uv pip check --quiet --python $(BIN)/python
	@echo "Nothing to mend."

lock: $(INSTALLED) ## write requirements.lock anew from pyproject.toml (newest versions: make lock UPGRADE=1)
	@echo "Resolving every dependency for Python 3.11 to 3.13."
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" \
	  $(if $(UPGRADE),--upgrade) --quiet --output-file requirements.lock
	@$(BIN)/uv pip compile benchmarks/peers.in --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" \
	  $(if $(UPGRADE),--upgrade) --quiet --output-file benchmarks/peers.lock

bench: $(INSTALLED) .venv-peers/installed ## time what the documentation promises
	@for script in $(filter-out benchmarks/numpyro_nuts.py,$(wildcard benchmarks/*.py)); do echo "$$script"; $(BIN)/python "$$script"; done

clean: ## remove everything that a build, an example or a test has made (.venv stays)
	@rm -rf site build outputs docs/gallery examples/outputs .cache .pytest_cache .ruff_cache .hypothesis
	@find . -path ./.venv -prune -o -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): $(SYNCED) pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Written last: an installation that was interrupted is not taken for a finished one.
$(SYNCED): requirements.lock | $(BIN)/uv
	@rm -f $@
	@echo "Installing the dependencies of requirements.lock into .venv (about a minute on a fresh machine)."
	@$(BIN)/uv pip sync $(QUIET) --python $(BIN)/python --require-hashes --only-binary :all: --compile-bytecode requirements.lock
	@touch $@

# What the benchmarks compare with, in an environment of its own.
.venv-peers/installed: benchmarks/peers.lock | $(BIN)/uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-peers
	@$(BIN)/uv pip sync $(QUIET) --python .venv-peers/bin/python --require-hashes --only-binary :all: benchmarks/peers.lock
	@touch $@

# pip brings uv, by the lock's own version and hashes; uv then installs in half of pip's time.
$(BIN)/uv:
	@"$(PYTHON)" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
	  echo "$(PYTHON) is missing, has no venv module, or is not Python 3.11, 3.12 or 3.13." >&2; \
	  echo "Install Python 3.11 (Debian: apt install python3.11-venv) or name another: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Creating .venv with $$("$(PYTHON)" --version)."
	@"$(PYTHON)" -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --no-input --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
	  -r <(awk '/^[^ ]/ { keep = /^uv==/ } keep' requirements.lock)

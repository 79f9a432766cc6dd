# What people and CI type. `make help` lists it.

SHELL := /bin/bash
CARGO := cargo
# Tools are built apart, so that they never wait for or wipe our own target.
INSTALL := CARGO_TARGET_DIR=$(CURDIR)/target/tools $(CARGO) install --locked
NEXTEST := $(CARGO) nextest run --workspace
CRATES := schema runtime supervisor scraper-worker sync-worker api

# Scripts and targets name files below it.
export CARGO_TARGET_DIR := $(CURDIR)/target

# What `make match` judges.
CASES ?= sync-worker/tests/matching

# Tools of `make check` and `make test`: versions that build with the pinned compiler.
NEXTEST_VERSION := 0.9.143
DENY_VERSION := 0.20.2
MACHETE_VERSION := 0.9.2

.DEFAULT_GOAL := help
.PHONY: help build demo run test test-all match bench check regenerate tools

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## Builds the four binaries, optimised, into target/release
	$(CARGO) build --release --locked $(addprefix -p ,$(CRATES))

demo: ## Builds everything and runs the main job against a built-in demo world, without internet
	@tests/demo.sh

run: build ## Builds and runs the real thing in the foreground; Ctrl-C stops it
	@exec target/release/listsync run

test: tools ## Runs the tests
	$(NEXTEST) --locked
	$(CARGO) test --workspace --doc --locked

test-all: tools ## Runs the tests and the slow ones: long rounds of kills, the demo, the container image
	$(NEXTEST) --locked --profile all --run-ignored all --no-capture
	tests/demo_leaves_nothing_behind.sh
	$(CARGO) test --workspace --doc --locked
	python3 tests/image

match: ## Judges the labelled matching cases and prints how well: precision, recall, review rate; CASES="files or folders" for others
	@$(CARGO) run --locked --quiet -p sync-worker --example match -- $(CASES)

bench: ## Prints the benchmark tables
	$(CARGO) build --release --locked --workspace --bins
	target/release/bench

check: tools ## Format, lints, docs, licences, dependency direction, generated files
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet
	$(CARGO) deny --workspace check bans licenses sources
	$(CARGO) machete
	tests/processes_do_not_know_each_other.sh
	@mkdir -p target && cp README.md target/README.before && cp deploy/default.toml target/default.before \
	  && cp api/openapi.json target/openapi.before
	$(MAKE) --no-print-directory regenerate
	@cmp README.md target/README.before && cmp deploy/default.toml target/default.before \
	  && cmp api/openapi.json target/openapi.before \
	  || { echo "generated files were out of date; they are written now, commit them" >&2; exit 1; }

regenerate: ## Writes the files that are made from the code: deploy/default.toml, the README's tables of settings and programs, api/openapi.json
	@mkdir -p target deploy
	$(CARGO) run --locked --quiet -p supervisor -- settings-default > target/default.toml
	cp target/default.toml deploy/default.toml
	$(CARGO) run --locked --quiet -p supervisor -- settings-default --table > target/settings.md
	tests/put_between.sh README.md '<!-- settings -->' '<!-- /settings -->' target/settings.md
	$(CARGO) run --locked --quiet -p supervisor -- settings-default --programs > target/programs.md
	tests/put_between.sh README.md '<!-- programs -->' '<!-- /programs -->' target/programs.md
	$(CARGO) run --locked --quiet -p api -- --openapi > target/openapi.json
	cp target/openapi.json api/openapi.json

tools: # Installs what check and test need, where it is missing
	@command -v cargo-nextest >/dev/null || $(INSTALL) cargo-nextest --version $(NEXTEST_VERSION)
	@command -v cargo-deny >/dev/null || $(INSTALL) cargo-deny --version $(DENY_VERSION)
	@command -v cargo-machete >/dev/null || $(INSTALL) cargo-machete --version $(MACHETE_VERSION)

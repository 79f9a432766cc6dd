# What people and CI type. `make help` lists it.

SHELL := /bin/bash
CARGO := cargo
NEXTEST := $(CARGO) nextest run --workspace
CRATES := schema runtime supervisor scraper-worker sync-worker api

.DEFAULT_GOAL := help
.PHONY: help build demo run test test-all bench check regenerate tools

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

test-all: tools ## Runs the tests and the slow ones: long rounds of kills
	$(NEXTEST) --locked --profile all --run-ignored all --no-capture
	$(CARGO) test --workspace --doc --locked

bench: ## Prints the benchmark tables
	$(CARGO) build --release --locked --workspace --bins
	target/release/bench

check: tools ## Format, lints, docs, licences, dependency direction, generated files
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet
	$(CARGO) deny --workspace check bans licenses sources
	$(CARGO) machete
	! $(CARGO) tree --locked -p schema -i actix-web 2>/dev/null
	! $(CARGO) tree --locked -p supervisor -i reqwest 2>/dev/null
	! $(CARGO) tree --locked -p supervisor -i actix-web 2>/dev/null
	! $(CARGO) tree --locked -p api -i reqwest 2>/dev/null
	tests/processes_do_not_know_each_other.sh
	$(MAKE) --no-print-directory regenerate
	@if git rev-parse --git-dir >/dev/null 2>&1; then git diff --exit-code -- deploy/default.toml README.md; fi

regenerate: ## Writes the files that are made from the code: deploy/default.toml, the README's settings table
	$(CARGO) run --locked --quiet -p supervisor -- settings-default > target/default.toml
	mkdir -p deploy && cp target/default.toml deploy/default.toml
	$(CARGO) run --locked --quiet -p supervisor -- settings-default --table > target/settings.md
	tests/put_between.sh README.md '<!-- settings -->' '<!-- /settings -->' target/settings.md

tools: # Installs what check and test need, where it is missing
	@command -v cargo-nextest >/dev/null || $(CARGO) install --locked cargo-nextest
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	@command -v cargo-machete >/dev/null || $(CARGO) install --locked cargo-machete

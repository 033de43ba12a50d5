# Two commands from a fresh clone: `make demo` and `make test`. Both install what is missing.

STACK := target/debug/stack
STACK_FILE ?= stacks/ecommerce.toml
REAL_DATA := ../shared/data/online-retail.csv.gz
MADE_DATA := .stack/online-retail.csv.gz
DATA := $(if $(wildcard $(REAL_DATA)),$(REAL_DATA),$(MADE_DATA))

.PHONY: build doctor demo test test-packages test-rust test-python test-core lint clean-demo

build:
	cargo build --locked

doctor: build
	$(STACK) doctor --fix

# The main job, end to end, on the local cloud; what is billed on AWS is stopped at the end, and so is the local cloud.
demo: export STACK_FILE := $(STACK_FILE)
demo: doctor $(DATA)
	$(STACK) --local --yes up
	$(STACK) --local run-pipeline --data $(DATA) --then-down
	$(STACK) --local status
	$(STACK) local down

$(MADE_DATA): | build
	mkdir -p $(@D)
	$(STACK) data generate $@

# Removes what the demo made.
clean-demo: build
	$(STACK) local reset --force

test: test-rust test-python

# What only the tests need.
test-packages: doctor
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt

test-rust: test-packages
	cargo test --locked

test-python: test-packages
	.venv/bin/python -m pytest -q tests/python

# `stack` without the local cloud: that it builds, and the tests that need none.
test-core:
	cargo test --locked --no-default-features

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

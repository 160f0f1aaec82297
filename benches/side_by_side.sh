#!/usr/bin/env bash
# Runs znyx-bench and the reference engine on the same file under the same policy and prints both side by side:
# samples/s, MB/s of input text, the ratio, peak memory. Needs python3 and, the first time, access to PyPI.
#
#   benches/side_by_side.sh [DATASET.jsonl [POLICY.json]]      (THREADS=1 by default, LIMIT=2000 for the reference)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dataset=${1:-$root/datasets/support.jsonl}
policy=${2:-$root/examples/support-policy.json}
threads=${THREADS:-1}
limit=${LIMIT:-2000}
venv=${VENV:-$root/target/reference-venv}

cargo build --release --quiet --manifest-path "$root/Cargo.toml"
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet znyx-core==1.2.4
fi
exec "$venv/bin/python" "$root/benches/side_by_side.py" \
    --binary "$root/target/release/znyx-bench" --dataset "$dataset" --policy "$policy" \
    --threads "$threads" --limit "$limit"

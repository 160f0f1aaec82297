#!/usr/bin/env python3
"""Runs the release binary on one dataset at growing sizes, with --results, --out and a report, and prints a Markdown table
of samples, time and peak memory. The sizes are made by repeating the dataset under fresh ids.

    cargo build --release
    benches/size_ladder.py                                   # datasets/support.jsonl, 1 KB to 4 GB, JSONL
    benches/size_ladder.py --format csv --sizes 100MB,1GB
    benches/size_ladder.py --format zst --threads 2 MY.jsonl --policy MY_POLICY.json

Only the standard library is needed; --format zst calls the `zstd` command. A size is that of the dataset before
compression. The dataset of one size and what the run writes lie in --folder at a time. A row of the result is many times
as long as a short text: with the defaults, 4 GB need 60 GB of disk.
"""

import argparse
import csv
import gzip
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
COLUMNS = ["input_text", "context", "expected_decision", "expected_rule_hits", "metadata"]
SIZES = "1KB,10KB,100KB,1MB,10MB,100MB,1GB,4GB"


def size(text):
    number, unit = text.strip()[:-2], text.strip()[-2:].upper()
    return int(float(number) * UNITS[unit])


def rows_without_ids(path, as_csv):
    """Each row of the dataset as bytes, to be put behind a fresh id."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.strip():
                continue
            row = json.loads(line)
            row.pop("id", None)
            if not as_csv:
                yield (", " + json.dumps(row, ensure_ascii=False)[1:] + "\n").encode()
                continue
            cells = [row.get(column) for column in COLUMNS]
            cells = ["" if c is None else c if isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in cells]
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerow(cells)
            yield ("," + text.getvalue()).encode()


def repeat(rows, as_csv, wanted, out):
    """Writes rows until `wanted` bytes are reached; returns how many."""
    count = written = 0
    if as_csv:
        written += out.write(f"id,{','.join(COLUMNS)}\n".encode())
    while written < wanted:
        identity = b"row-%09d" if as_csv else b'{"id": "row-%09d"'
        written += out.write(identity % count + rows[count % len(rows)])
        count += 1
    return count


def make(rows, form, wanted, path):
    if form == "zst":
        with open(path, "wb") as target:
            zstd = subprocess.Popen(["zstd", "-q", "-c"], stdin=subprocess.PIPE, stdout=target, bufsize=1 << 20)
            with zstd.stdin as out:
                count = repeat(rows, False, wanted, out)
        if zstd.wait() != 0:
            sys.exit("zstd failed")
        return count
    opened = gzip.open(path, "wb", 1) if form == "gz" else open(path, "wb", 1 << 20)
    with opened as out:
        return repeat(rows, form == "csv", wanted, out)


def peak_kb(pid):
    """The most memory that the process has had resident so far; 0 where that cannot be told."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def measure(command, report):
    """Seconds and peak memory in KB. The system's own count at the end would include what this script has."""
    started = time.monotonic()
    with open(report, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE)
        peak = 0
        while process.poll() is None:
            peak = max(peak, peak_kb(process.pid))
            time.sleep(0.002 if time.monotonic() - started < 1 else 0.05)
    seconds = time.monotonic() - started
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nended with {process.returncode}: {process.stderr.read().decode()}")
    return seconds, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", default=ROOT / "datasets/support.jsonl", help="a JSONL file to repeat")
    parser.add_argument("--policy", default=ROOT / "examples/support-policy.json")
    parser.add_argument("--binary", default=ROOT / "target/release/znyx-bench")
    parser.add_argument("--format", choices=["jsonl", "csv", "zst", "gz"], default="jsonl")
    parser.add_argument("--sizes", default=SIZES, help="default: %(default)s")
    parser.add_argument("--threads", type=int, help="default: all")
    parser.add_argument("--folder", help="where the data is made; default: the system's temporary folder")
    args = parser.parse_args()
    rows = list(rows_without_ids(args.dataset, args.format == "csv"))
    suffix = {"jsonl": ".jsonl", "csv": ".csv", "zst": ".jsonl.zst", "gz": ".jsonl.gz"}[args.format]
    print("| size | samples | time | samples/s | peak memory |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        dataset, report = os.path.join(folder, "dataset" + suffix), os.path.join(folder, "report.md")
        command = [args.binary, "run", "--dataset", dataset, "--policy", args.policy, "--no-progress"]
        command += ["--results", os.path.join(folder, "rows.jsonl"), "--out", os.path.join(folder, "run.json")]
        command += ["--format", "markdown"] + (["--threads", str(args.threads)] if args.threads else [])
        for name in args.sizes.split(","):
            count = make(rows, args.format, size(name), dataset)
            seconds, peak = measure(command, report)
            print(f"| {name} | {count:,} | {seconds:.2f} s | {count / seconds:,.0f} | {peak / 1024:.0f} MB |", flush=True)


if __name__ == "__main__":
    main()

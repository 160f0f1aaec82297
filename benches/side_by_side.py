"""Times znyx-bench and the reference engine on one dataset; called by side_by_side.sh.

The reference evaluates the first LIMIT samples in process, after a warm-up of one sample, so that neither its import nor
its start counts. znyx-bench is timed as a whole command, start to exit, on a file in which the dataset is repeated until
the run takes a few seconds.
"""

import argparse
import asyncio
import itertools
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("ZNYX_TELEMETRY", "false")


def rows(path):
    """The rows of a dataset, one after the other."""
    with open(path, encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def measure(some):
    """How many samples there are, and how many bytes of text."""
    sizes = [len(row["input_text"].encode("utf-8", "surrogatepass")) for row in some]
    return len(sizes), sum(sizes)


def reference(samples, policy):
    logging.disable(logging.CRITICAL)
    from znyx_core.core.models import EvaluationRequest
    from znyx_core.engine.evaluator import GuardrailsEvaluator

    async def run():
        evaluator = GuardrailsEvaluator()

        async def one(i, row):
            request = EvaluationRequest(
                request_id=f"r{i}", tenant_id=f"t{i}", app_id=f"a{i}", session_id=f"s{i}",
                text=row["input_text"], metadata=row.get("metadata"))
            await evaluator.evaluate(request, context=row.get("context") or "input", policy=policy)

        await one(-1, samples[0])
        start = time.perf_counter()
        for i, row in enumerate(samples):
            await one(i, row)
        return time.perf_counter() - start

    seconds = asyncio.run(run())
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# Run by an interpreter of its own: a process that another starts begins with the peak memory of that one.
MEASURED = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
"""


def bench(binary, dataset, policy, threads, directory):
    command = [binary, "run", "--dataset", dataset, "--policy", policy, "--threads", str(threads), "--quiet",
               "--no-progress", "--results", os.path.join(directory, "rows.jsonl")]
    measured = subprocess.run([sys.executable, "-c", MEASURED, *command], stdout=subprocess.PIPE, check=True)
    seconds, memory, code = measured.stdout.split()
    if int(code) not in (0, 1):
        raise SystemExit(f"znyx-bench failed: {' '.join(command)}")
    return float(seconds), float(memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=int, default=2000)
    args = parser.parse_args()

    with open(args.policy, encoding="utf-8") as file:
        policy = json.load(file)
    samples, size = measure(rows(args.dataset))

    with tempfile.TemporaryDirectory() as directory:
        repeats = max(1, 60_000_000 // max(1, size))
        large = os.path.join(directory, "dataset.jsonl")
        with open(large, "w", encoding="utf-8") as file:
            for i in range(repeats):
                for j, row in enumerate(rows(args.dataset)):
                    file.write(json.dumps({**row, "id": f"{i}-{j}"}) + "\n")
        ours_seconds, ours_memory = min(
            bench(args.binary, large, args.policy, args.threads, directory) for _ in range(3))
    ours_samples, ours_bytes = repeats * samples, repeats * size

    first = list(itertools.islice(rows(args.dataset), args.limit))
    theirs_samples, theirs_bytes = measure(first)
    theirs_seconds, theirs_memory = reference(first, policy)

    ours_rate, theirs_rate = ours_samples / ours_seconds, theirs_samples / theirs_seconds
    ours_mb, theirs_mb = ours_bytes / ours_seconds / 1e6, theirs_bytes / theirs_seconds / 1e6
    print(f"{'':<12}{'samples':>10}{'seconds':>10}{'samples/s':>12}{'MB/s':>10}{'peak MB':>9}")
    print(f"{'znyx-bench':<12}{ours_samples:>10}{ours_seconds:>10.2f}{ours_rate:>12.0f}{ours_mb:>10.2f}{ours_memory:>9.0f}")
    print(f"{'reference':<12}{theirs_samples:>10}{theirs_seconds:>10.2f}{theirs_rate:>12.1f}{theirs_mb:>10.3f}{theirs_memory:>9.0f}")
    print(f"ratio: {ours_rate / theirs_rate:,.0f} times the samples/s, {args.threads} thread(s)")


if __name__ == "__main__":
    main()

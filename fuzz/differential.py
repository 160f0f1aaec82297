"""Differential fuzzing: mutated probes and texts, asked of the reference engine and of znyx-bench.

    python3 -m venv venv && venv/bin/pip install znyx-core==1.2.4
    cargo build --release
    venv/bin/python fuzz/differential.py --seconds 3600 --seed 1 [--texts FILE.jsonl ...] [--key secrets ...]

Takes the policies and texts of tests/data/probes (and, with --texts, the `input_text` of further datasets), mutates the
texts, and compares decision, risk, rule ids and rewritten text. What differs is printed and appended to
fuzz/found.jsonl as a probe, with the reference's verdict; once fixed it belongs into tests/data/probes/found.jsonl.
Exits 1 when anything differed. The reference evaluates some tens of texts a second.
"""

import argparse
import asyncio
import base64
import collections
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("ZNYX_TELEMETRY", "false")
logging.disable(logging.CRITICAL)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Characters on which Python's and Rust's ideas of letter, digit, blank and case part, and look-alikes.
ODD = ("\u0130\u0131\u017f\u212a\u00df\u1e9e\u00b2\u00bd\u2168\u0301\u200b\u200d\u2060\ufeff\u00ad\u203f\u24d0\u0660\u0967\uff11"
       "\u00a0\u2003\u3000\u001c\u0085\u2028\u0430\u0435\u043e\u0440\u0441\u0456\uff49\ufb01\u2013\u2014\u2019\u201c\U0001d7da\U0001f600\u65e5\u05d0\u0645")
# Cases to record of each detector and stage.
RECORDED = 14
KEYS_WITHOUT_ORACLE = {"custom_detectors", "mcp_manifest_scanner", "tool_permission_audit", "quality"}


def mutate(rng, text, pool):
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        n = len(text)
        i, j = sorted((rng.randint(0, n), rng.randint(0, n)))
        kind = rng.randrange(14)
        if kind == 0:
            text = text[:i] + rng.choice(ODD) + text[i:]
        elif kind == 1 and n:
            text = text[:i] + rng.choice(ODD) + text[i + 1:]
        elif kind == 2:
            text = text[:i] + text[j:]
        elif kind == 3:
            other = rng.choice(pool)
            k = rng.randint(0, len(other))
            text = text[:i] + other[k:k + rng.choice((5, 40, 400))] + text[i:]
        elif kind == 4:
            text = text[:i] + text[i:j].swapcase() + text[j:]
        elif kind == 5:
            text = text.upper() if rng.random() < 0.5 else text.title()
        elif kind == 6:
            text = text[:i] + text[i:j][: 60] * rng.randint(2, 4) + text[j:]
        elif kind == 7:
            text = text.replace(" ", rng.choice(("  ", "\n", "\t", "\u00a0", "-", "", "\u200b ")), rng.randint(1, 5))
        elif kind == 8:
            text = text.translate({ord("a"): "\u0430", ord("o"): "0", ord("e"): "3", ord("i"): "\u0456"})
        elif kind == 9:
            text = text[:i] + rng.choice(".,:;!?'\"`()[]{}<>|/\\=+-_*#@$%&~^0123456789\n") + text[i:]
        elif kind == 10:
            text = text[:i]
        elif kind == 11 and n < 300:
            text = rng.choice(("decode ", "")) + base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
        elif kind == 12:
            text = rng.choice(pool) + rng.choice((" ", "\n", "")) + text
        else:
            text = text[:i] + "".join(rng.choice("0123456789abcdefABCDEFxyz -") for _ in range(rng.randint(1, 20))) + text[i:]
    return text[:20_000]


def load(keys, extra):
    cases, pool = [], []
    folder = os.path.join(ROOT, "tests", "data", "probes")
    for name in sorted(os.listdir(folder)):
        key = name.removesuffix(".jsonl")
        if key in KEYS_WITHOUT_ORACLE or (keys and key not in keys):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            for line in file:
                probe = json.loads(line)
                if isinstance(probe.get("text"), str) and "custom_detectors" not in probe["policy"]:
                    cases.append(probe)
                    pool.append(probe["text"])
    for path in extra:
        with open(path, encoding="utf-8") as file:
            pool += [json.loads(line)["input_text"] for line in file if line.strip()]
    return cases, pool


async def reference(evaluator, request_type, number, case):
    request = request_type(request_id=f"r{number}", tenant_id=case["tenant_id"], app_id=f"a{number}",
                           session_id=f"s{number}", text=case["text"], metadata=case.get("metadata"))
    try:
        r = await evaluator.evaluate(request, context=case.get("context") or "input", policy=case["policy"])
    except Exception as error:  # its refusal is a verdict too
        return {"error": type(error).__name__}
    return {"decision": r.decision.value, "risk_score": r.risk_score, "rule_ids": [h.rule_id for h in r.rule_hits],
            "sanitized_text": r.sanitized_text}


def ours(binary, cases):
    """One run for each policy; verdicts in the order of the cases."""
    groups = {}
    for i, case in enumerate(cases):
        groups.setdefault(json.dumps(case["policy"]), []).append(i)
    verdicts = [None] * len(cases)
    with tempfile.TemporaryDirectory() as directory:
        paths = {k: os.path.join(directory, k) for k in ("policy.json", "dataset.jsonl", "rows.jsonl")}
        for policy, members in groups.items():
            with open(paths["policy.json"], "w", encoding="utf-8") as file:
                file.write(policy)
            with open(paths["dataset.jsonl"], "w", encoding="utf-8") as file:
                for i in members:
                    case = cases[i]
                    file.write(json.dumps({"id": str(i), "input_text": case["text"], "tenant_id": case["tenant_id"],
                                           "context": case.get("context") or "input",
                                           "metadata": case.get("metadata")}) + "\n")
            subprocess.run([binary, "run", "--dataset", paths["dataset.jsonl"], "--policy", paths["policy.json"],
                            "--results", paths["rows.jsonl"], "--validation", "none", "--include-sanitized", "--quiet"],
                           check=False, capture_output=True)
            if os.path.exists(paths["rows.jsonl"]):
                with open(paths["rows.jsonl"], encoding="utf-8") as file:
                    for row in map(json.loads, file):
                        verdicts[int(row["sample_id"])] = {"error": row.get("error")} if row["actual_decision"] == "ERROR" else {
                            "decision": row["actual_decision"], "risk_score": row["actual_risk_score"],
                            "rule_ids": row["actual_rule_hits"], "sanitized_text": row["sanitized_text"]}
                os.remove(paths["rows.jsonl"])
    return verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=400)
    parser.add_argument("--binary", default=os.path.join(ROOT, "target", "release", "znyx-bench"))
    parser.add_argument("--texts", nargs="*", default=[])
    parser.add_argument("--key", nargs="*", default=[])
    parser.add_argument("--record", metavar="FILE", help="append cases that fire, a few of each rule, as probes with the verdict")
    args = parser.parse_args()

    from znyx_core.core.models import EvaluationRequest
    from znyx_core.engine.evaluator import GuardrailsEvaluator

    rng = random.Random(args.seed)
    cases, pool = load(args.key, args.texts)
    evaluator = GuardrailsEvaluator()
    end, asked, differing = time.monotonic() + args.seconds, 0, 0
    recorded = collections.Counter()
    while time.monotonic() < end:
        batch = []
        for _ in range(args.batch):
            probe = rng.choice(cases)
            text = probe["text"] if rng.random() < 0.7 else rng.choice(pool)
            batch.append({"policy": probe["policy"], "context": probe.get("context"), "metadata": probe.get("metadata"),
                          "tenant_id": probe.get("tenant_id") or f"tenant-{asked + len(batch)}",
                          "text": mutate(rng, text, pool)})

        async def ask():
            return [await reference(evaluator, EvaluationRequest, asked + i, case) for i, case in enumerate(batch)]

        for case, want, got in zip(batch, asyncio.run(ask()), ours(args.binary, batch)):
            if not ("error" in want and got and "error" in got) and want != got:
                differing += 1
                print(json.dumps({"want": want, "got": got, **case}, ensure_ascii=True))
                with open(os.path.join(ROOT, "fuzz", "found.jsonl"), "a", encoding="utf-8") as file:
                    file.write(json.dumps({**case, "expect": want}) + "\n")
            if args.record and want.get("rule_ids") and len(case["text"]) < 600:
                kind = want["rule_ids"][0].split(".")[0], case.get("context")
                if recorded[kind] < RECORDED and not any(ord(c) in range(0xD800, 0xE000) for c in case["text"]):
                    recorded[kind] += 1
                    with open(args.record, "a", encoding="utf-8") as file:
                        file.write(json.dumps({**case, "expect": want}, ensure_ascii=False) + "\n")
        asked += len(batch)
        print(f"{asked} asked, {differing} differ", file=sys.stderr)
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()

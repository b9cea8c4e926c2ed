#!/usr/bin/env python3
"""Ratios of our measurements to the best of each peer and to the machine's ceilings.

usage: benchmarks/peers/ratios.py RESULTS.jsonl

A ratio over 1 means that we are better: faster, or smaller for times and sizes. A peer's best
variant of a task (eager, compiled, jit, fit ...) is the one that counts.
"""
import collections
import json
import re
import statistics
import sys

OURS = ("millstream", "millstream_cpp")
HIGHER_IS_BETTER = ("GFLOP/s", "GB/s", "images/s", "accuracy")
VARIANT = re.compile(r"\.(eager(_nchw)?|compiled|jit|fit(_jit)?|loop_\w+)(?=$|@|\.)")
# What the machine could do at most: task pattern, and the ceiling of the same number of threads.
CEILINGS = [
    (re.compile(r"t05\.matmul_bf16.*\.(\d)thr"), "t05.peak_dpbf16_avx512.{}thr"),
    (re.compile(r"t05\.matmul.*\.(\d)thr"), "t05.peak_fma_f32_{isa}.{}thr"),
    (re.compile(r"t07\.conv"), "t05.peak_fma_f32_{isa}.2thr"),
    (re.compile(r"t06\.sum"), "t05.peak_read.2thr"),
    (re.compile(r"t06\."), "t05.peak_copy_scale.2thr"),
]


def read(path):
    """{task without its variant: {peer: median of the rounds, best variant}}, {task: unit}."""
    rounds, units = collections.defaultdict(list), {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("{"):
                row = json.loads(line)
                rounds[row["task"], row["peer"]].append(row["value"])
                units[VARIANT.sub("", row["task"])] = row["unit"]
    best = collections.defaultdict(dict)
    for (task, peer), values in rounds.items():
        plain, value = VARIANT.sub("", task), statistics.median(values)
        better = max if units[plain] in HIGHER_IS_BETTER else min
        best[plain][peer] = better(best[plain].get(peer, value), value)
    return best, units


def ceiling(task, tasks):
    for pattern, name in CEILINGS:
        match = pattern.match(task)
        if match:
            for isa in ("avx512", "avx2"):
                known = tasks.get(name.format(*match.groups(), isa=isa), {})
                if known:
                    return next(iter(known.values()))
    return None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tasks, units = read(sys.argv[1])
    peers = sorted({peer for row in tasks.values() for peer in row} - {"machine", *OURS})
    head = ["task", "unit", "ours", "value", *(f"x {peer}" for peer in peers), "of the ceiling"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for task in sorted(tasks):
        row, higher = tasks[task], units[task] in HIGHER_IS_BETTER
        for us in (peer for peer in OURS if peer in row):
            cells = [task, units[task], us, f"{row[us]:.4g}"]
            for peer in peers:
                ratio = (row[us] / row[peer] if higher else row[peer] / row[us]) if peer in row else None
                cells.append("" if ratio is None else f"{ratio:.2f}")
            most = ceiling(task, tasks)
            cells.append("" if most is None else f"{row[us] / most:.2f}")
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()

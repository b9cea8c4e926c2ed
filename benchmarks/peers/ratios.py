#!/usr/bin/env python3
"""Ratios of our measurements to the peers', to the machine's ceilings and to our goals.

usage: benchmarks/peers/ratios.py RESULTS.jsonl

A ratio over 1 means that we are better: faster, or smaller for times and sizes. A value is the
median of the rounds' medians, and beside it stands the best sample of all; a peer's best variant of a task (eager,
compiled, jit, fit ...) is the one that counts.
"""
import collections
import json
import re
import statistics
import sys
import typing

OURS = {"millstream": "Python", "millstream_cpp": "C++"}
HIGHER_IS_BETTER = ("GFLOP/s", "GB/s", "images/s", "accuracy")
VARIANT = re.compile(r"\.(eager(_nchw)?|compiled|jit|fit(_jit)?|loop_\w+)(?=$|@|\.)")
HIDDEN = re.compile(r"t00\.|t01\.installed|t04\.")  # rows that are for other tables
# What the machine can do at most: task, and the ceilings of the same number of threads.
CEILINGS = [
    (re.compile(r"t05\.matmul_\d+\.(\d+)thr"), ("fma_f32",)),
    (re.compile(r"t07\.conv.*\.(\d+)thr"), ("fma_f32",)),
    (re.compile(r"t06\.sum"), ("read",)),
    (re.compile(r"t06\."), ("copy", "copy_streamed", "triad", "triad_streamed")),
]


class Goal(typing.NamedTuple):
    task: str
    side: str  # "" for both
    of: str  # "value", "ceiling" or a peer
    bound: float

    def met(self, row, side, peer_ratio, share, higher):
        if self.of == "value":
            return row[side].middle >= self.bound if higher else row[side].middle <= self.bound
        reached = share if self.of == "ceiling" else peer_ratio.get(self.of)
        return None if reached is None else reached >= self.bound

    def text(self, unit, higher):
        if self.of == "value":
            return f"{'≥' if higher else '≤'} {self.bound:g} {unit}"
        return f"≥ {self.bound:g} of ceiling" if self.of == "ceiling" else f"≥ {self.bound:g} x {self.of}"


GOALS = [
    Goal(r"t01\.import_wall$", "millstream", "value", 0.1),
    Goal(r"t01\.import_peak_rss$", "millstream", "value", 40),
    Goal(r"t02\.add_4$", "millstream", "value", 500),
    Goal(r"t02\.add_4$", "millstream_cpp", "value", 150),
    Goal(r"t03\.tape_10_ops$", "millstream", "value", 25),
    Goal(r"t05\.matmul_1000\.", "", "ceiling", 0.9),
    Goal(r"t06\.(sum|add|softmax|layernorm)_", "", "ceiling", 0.8),
    Goal(r"t07\.conv_", "", "ceiling", 0.9),
    Goal(r"t09\.cnn$", "millstream_cpp", "tf", 1.0),
    Goal(r"t13\.peak_rss\.t09\.cnn$", "millstream_cpp", "value", 400),
]


def short(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


class Rounds(typing.NamedTuple):
    """The medians of a task's rounds, and their best samples."""

    values: list
    samples: list
    higher: bool

    @property
    def middle(self):
        return statistics.median(self.values)

    @property
    def best(self):
        return max(self.samples) if self.higher else min(self.samples)

    def text(self):
        return f"{short(self.middle)} ({short(self.best)})"


def read(path):
    """{task without its variant: {side: Rounds of the best variant}}, {task: unit}."""
    rounds, units = collections.defaultdict(list), {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("{"):
                row = json.loads(line)
                rounds[row["task"], row["peer"]].append((row["value"], row.get("best", row["value"])))
                units[VARIANT.sub("", row["task"])] = row["unit"]
    tasks = collections.defaultdict(dict)
    for (task, side), pairs in rounds.items():
        plain = VARIANT.sub("", task)
        found = Rounds(*map(list, zip(*pairs)), units[plain] in HIGHER_IS_BETTER)
        known = tasks[plain].get(side)
        if known is None or (found.middle > known.middle) == found.higher:
            tasks[plain][side] = found
    return tasks, units


def ceiling(task, tasks):
    """The highest ceiling of the task's threads (of all, where it names none)."""
    for pattern, names in CEILINGS:
        match = pattern.match(task)
        if not match:
            continue
        known = [(int(key.rsplit(".", 1)[1][:-3]), row["machine"].middle)
                 for key, row in tasks.items()
                 if any(re.fullmatch(rf"t00\.peak_{name}\.\d+thr", key) for name in names)]
        threads = int(match[1]) if match.groups() else max((n for n, _ in known), default=0)
        return max((value for n, value in known if n == threads), default=None)
    return None


def goal_cell(task, row, side, unit, peer_ratio, share):
    higher = unit in HIGHER_IS_BETTER
    for goal in GOALS:
        if re.match(goal.task, task) and goal.side in ("", side):
            met = goal.met(row, side, peer_ratio, share, higher)
            mark = "" if met is None else " met" if met else " missed"
            return goal.text(unit, higher) + mark
    return ""


def table(path):
    tasks, units = read(path)
    peers = sorted({side for row in tasks.values() for side in row} - {"machine", *OURS})
    head = ["task", "unit", "ours", "median (best)", *(f"x {peer}" for peer in peers),
            *peers, "of ceiling", "goal"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for task in sorted(tasks):
        row, unit = tasks[task], units[task]
        if HIDDEN.match(task):
            continue
        for side in (side for side in OURS if side in row):
            mine = row[side].middle
            ratio = {peer: mine / row[peer].middle if row[side].higher else row[peer].middle / mine
                     for peer in peers if peer in row}
            most = ceiling(task, tasks)
            share = None if most is None else mine / most
            cells = [task, unit, OURS[side], row[side].text(),
                     *(f"{ratio[peer]:.2f}" if peer in ratio else "" for peer in peers),
                     *(row[peer].text() if peer in row else "" for peer in peers),
                     "" if share is None else f"{share:.2f}",
                     goal_cell(task, row, side, unit, ratio, share)]
            lines.append("| " + " | ".join(cells) + " |")
    ceilings = [f"{task.split('peak_')[1]} {row['machine'].text()} {units[task]}"
                for task, row in sorted(tasks.items()) if task.startswith("t00.")]
    if ceilings:
        lines += ["", "The machine, in the same rounds, median (best): " + "; ".join(ceilings)]
    return "\n".join(lines)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(table(sys.argv[1]))


if __name__ == "__main__":
    main()

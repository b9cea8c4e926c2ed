#!/usr/bin/env python3
"""Measures Millstream and its peers in turns on this machine and prints one table of ratios.

    benchmarks/peers/compare.py ../shared/peers --rounds 3
    benchmarks/peers/compare.py ../shared/peers --rounds 1 --only tiny,kernels --peers tf

DIR holds the peers' side: common.py, import_cost.py, and a bench_<peer>.py per peer. Each group of
measurements is a fresh process per framework, all frameworks in turn, round after round.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import typing

import ratios

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Peer(typing.NamedTuple):
    venv: str  # folder in the folder of environments
    packages: str  # of PyPI; the first one has the version
    imports: str
    cnn: tuple = ()  # the variants of a training that have proved fastest
    mlp: tuple = ()


PEERS = {
    "tf": Peer("tf", "tensorflow-cpu", "import tensorflow", ("fit", "loop_compiled"),
               ("fit", "loop_compiled")),
    "torch": Peer("pt", "torch numpy", "import torch", ("loop_eager_cl",),
                  ("loop_eager", "loop_compiled")),
    "jax": Peer("jx", "jax optax", "import jax, jax.numpy", ("loop_compiled",), ("loop_compiled",)),
    "mlx": Peer("mlx", "mlx-cpu", "import mlx.core", ("loop_eager",), ("loop_eager",)),
}
GROUPS = ("import", "machine", "micro", "matmul", "elem", "conv", "tiny", "cnn", "mlp", "xfmr")
ALIASES = {"kernels": ("machine", "micro", "matmul", "elem", "conv"),
           "training": ("tiny", "cnn", "mlp", "xfmr")}


class Side(typing.NamedTuple):
    """A framework as it is measured."""

    name: str
    command: list  # of its benchmarks
    python: str = ""
    imports: str = ""
    variants: dict = {}  # of the groups cnn and mlp


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dir", type=pathlib.Path, help="folder of the peers' side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(GROUPS),
                        help=f"groups: {', '.join([*GROUPS, *ALIASES])}")
    parser.add_argument("--peers", default="tf,torch,jax", help="of " + ", ".join(PEERS))
    parser.add_argument("--quick", action="store_true", help="less time per measurement")
    parser.add_argument("--venvs", type=pathlib.Path,
                        default=pathlib.Path.home() / ".cache/millstream-peers")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--python", type=pathlib.Path, default=ROOT / ".venv/bin/python")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "build/bench-peers.jsonl",
                        help="where the measurements go, one JSON object per line")
    arguments = parser.parse_args()
    for name in ("dir", "venvs", "build", "python", "results"):  # commands run in other folders
        setattr(arguments, name, pathlib.Path(os.path.abspath(getattr(arguments, name))))
    return arguments


def words(text):
    return [word for word in text.replace(",", " ").split() if word]


def groups_of(only):
    wanted = [group for word in words(only) for group in ALIASES.get(word, (word,))]
    unknown = set(wanted) - set(GROUPS)
    if unknown:
        sys.exit(f"no group {', '.join(sorted(unknown))}; there are "
                 f"{', '.join([*GROUPS, *ALIASES])}")
    return [group for group in GROUPS if group in wanted]


def imports(python, statement):
    return python.exists() and subprocess.run([python, "-c", f"import numpy; {statement}"],
                                              capture_output=True, check=False).returncode == 0


def check(arguments, peers):
    """Ends with what to do where something is not there."""
    missing = [f"no peer is named {peer}; there are {', '.join(PEERS)}"
               for peer in peers if peer not in PEERS]
    known = [peer for peer in peers if peer in PEERS]
    for name in ("common.py", "import_cost.py", *(f"bench_{peer}.py" for peer in known)):
        if not (arguments.dir / name).is_file():
            missing.append(f"{arguments.dir / name} is not there: "
                           "`make bench-peers PEERS_DIR=...` names the folder that has it")
    for peer in known:
        venv = arguments.venvs / PEERS[peer].venv
        if not imports(venv / "bin/python", PEERS[peer].imports):
            missing.append(f"{peer} is not installed: `python3 -m venv {venv} && "
                           f"{venv}/bin/pip install {PEERS[peer].packages}`, or leave it out: "
                           f"`make bench-peers PEERS=...`")
    for ours in (arguments.python, arguments.build / "bin/bench_millstream"):
        if not ours.exists():
            missing.append(f"{ours} is not there: `make bench-peers` builds it")
    if missing:
        sys.exit("\n".join(missing))


def sides_of(arguments, peers):
    here = pathlib.Path(__file__).resolve().parent
    ours = [Side("millstream", [arguments.python, here / "bench_millstream.py"], arguments.python,
                 "import millstream", dict.fromkeys(("cnn", "mlp"), ("loop_eager",))),
            Side("millstream_cpp", [arguments.build / "bin/bench_millstream"],
                 variants=dict.fromkeys(("cnn", "mlp"), ("fit",)))]
    theirs = []
    for name in peers:
        peer, python = PEERS[name], arguments.venvs / PEERS[name].venv / "bin/python"
        theirs.append(Side(name, [python, arguments.dir / f"bench_{name}.py"], python,
                           peer.imports, dict(cnn=peer.cnn, mlp=peer.mlp)))
    return ours + theirs


def commands(side, group, cores):
    """[(number of threads, arguments)] of one round."""
    if group == "machine":
        return [(n, ["--groups", "machine", "--tag", f".{n}thr"]) for n in cores] \
            if side.name == "millstream_cpp" else []
    if group == "micro":
        return [(1, ["--groups", group])]
    if group == "matmul":
        return [(n, ["--groups", group]) for n in cores]
    if group == "conv":
        return [(n, ["--groups", group, "--tag", f".{n}thr"]) for n in cores]
    return [(cores[-1], ["--groups", f"{group}:{variant}" if variant else group])
            for variant in side.variants.get(group, ("",))]


class Runner:
    def __init__(self, arguments, out):
        self.arguments, self.out = arguments, out
        paths = [arguments.dir, arguments.build / "python"]
        self.environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONDONTWRITEBYTECODE="1",
                                PYTHONPATH=os.pathsep.join(str(path) for path in paths))

    def run(self, command, threads):
        # One thread stays on one core, so that the other one's work does not move it about.
        pin = ["taskset", "-c", str(os.cpu_count() - 1)] if threads == 1 else []
        with tempfile.TemporaryDirectory() as scratch:
            try:
                done = subprocess.run([*pin, *map(str, command)], env=self.environment, cwd=scratch,
                                      capture_output=True, text=True, timeout=900, check=False)
            except subprocess.TimeoutExpired:
                print(f"took too long: {' '.join(map(str, command))}", file=sys.stderr)
                return
        rows = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not rows:
            print(f"failed: {' '.join(map(str, command))}\n{done.stderr[-2000:]}", file=sys.stderr)
        for row in rows:
            print(row, file=self.out, flush=True)

    def measure(self, side, group, cores):
        if group == "import":
            if side.imports:
                self.run([sys.executable, self.arguments.dir / "import_cost.py", side.name,
                          side.python, side.imports], cores[-1])
            return
        quick = ["--quick"] if self.arguments.quick else []
        for threads, rest in commands(side, group, cores):
            self.run([*side.command, "--threads", threads, *quick, *rest], threads)


def version(side):
    if side.name == "millstream":
        git = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                             capture_output=True, text=True, check=False)
        return f"Millstream {git.stdout.strip()}"
    package = PEERS[side.name].packages.split()[0]
    asked = subprocess.run([side.python, "-c", "import importlib.metadata as m, sys; "
                            "print(m.version(sys.argv[1]))", package],
                           capture_output=True, text=True, check=False)
    return f"{package} {asked.stdout.strip()}"


def machine():
    def field(path, key):
        with open(path, encoding="utf-8") as lines:
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)),
                        "unknown")
    memory = int(field("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    return (f"{field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {memory:.0f} GiB, "
            f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Python "
            f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} before")


def main():
    arguments = parse()
    peers, groups = words(arguments.peers), groups_of(arguments.only)
    check(arguments, peers)
    sides = sides_of(arguments, peers)
    cores = sorted({1, os.cpu_count()})
    versions = ", ".join(version(side) for side in sides if side.name != "millstream_cpp")
    heading = f"{machine()}\n{versions}; {arguments.rounds} rounds\n"
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.results, "w", encoding="utf-8") as out:
        runner = Runner(arguments, out)
        try:
            for number in range(1, arguments.rounds + 1):
                for group in groups:
                    print(f"round {number}: {group}", file=sys.stderr)
                    for side in sides:
                        runner.measure(side, group, cores)
        except KeyboardInterrupt:
            print("stopped; the table is of what was measured so far", file=sys.stderr)
    print(heading)
    print(ratios.table(arguments.results))


if __name__ == "__main__":
    main()

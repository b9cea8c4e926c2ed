#!/usr/bin/env python3
"""Checks the rules of the house: include floors, sizes, getenv, folder names, machine paths.

usage: tools/check_floors.py [--root DIR]

Prints one line per broken rule, `file:line: what`, and exits with 1 if there is one.
"""
import argparse
import ast
import collections
import pathlib
import re
import subprocess
import sys

# Lowest floor first. A folder includes its own floor and those below; folders of one floor may
# include each other as long as no cycle arises.
FLOORS = [
    {"base"},
    {"device"},
    {"tensor", "expr"},
    {"ops"},
    {"autodiff", "graph"},
    {"keras", "data", "distribute", "plot"},
]
LEVEL = {folder: level for level, folders in enumerate(FLOORS) for folder in folders}
BACKEND_LEVEL = LEVEL["ops"]  # a backend includes everything up to here, and nobody includes it
BACKEND_HOOKS = {"millstream/backend/register.h"}  # save through this header
FILE_LINES = 600
FUNCTION_LINES = 60
FORBIDDEN_FOLDERS = {"utils", "util", "common", "misc", "helpers"}
SETTINGS = "millstream/base/settings.cc"

INCLUDE = re.compile(r'^\s*#\s*include\s+"(millstream/[^"]+)"')
GETENV = re.compile(r"\b(?:secure_)?getenv\s*\(|\bos\.environ\b|\bos\.getenv\b")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:home/[\w.-]+|root|work/\w+|Users/[\w.-]+)/")
TYPE_OR_NAMESPACE = re.compile(r"^\s*(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b")
OPENS_TEMPLATE_CLASS = re.compile(r"\b(?:class|struct|union)\s+\w+[^()]*\{$")


def folder_of(path):
    """'keras' for millstream/keras/layers/dense.h, 'backend' for backends, None for the umbrella."""
    parts = pathlib.PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 else None


def check_includes(path, lines):
    """Yields (line number, message) for upward includes, and the (from, to) edges of one floor."""
    source = folder_of(path)
    edges, problems = set(), []
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match[1]
        into = folder_of(target)
        if source is None or into == source:
            continue
        if into == "backend":
            if target not in BACKEND_HOOKS:
                problems.append((number, f"includes the backend header {target}"))
        elif into is None:
            problems.append((number, f"includes the umbrella header {target}"))
        elif into not in LEVEL:
            problems.append((number, f"includes {target}: no floor is named {into}"))
        else:
            level = BACKEND_LEVEL if source == "backend" else LEVEL[source]
            if LEVEL[into] > level:
                problems.append((number, f"{source} includes upward: {target}"))
            elif LEVEL[into] == level and source != "backend":
                edges.add((source, into))
    return problems, edges


def cycles(edges):
    """The folders of one floor that reach themselves through each other's includes."""
    after = collections.defaultdict(set)
    for source, into in edges:
        after[source].add(into)

    def reaches(start, goal, seen):
        return any(n == goal or (n not in seen and reaches(n, goal, seen | {n})) for n in after[start])

    return sorted(folder for folder in list(after) if reaches(folder, folder, {folder}))


def long_cpp_functions(lines):
    """(line number, length) of function bodies over the cap; relies on clang-format's indentation."""
    for start, line in enumerate(lines):
        if not line.rstrip().endswith("{") or TYPE_OR_NAMESPACE.match(line):
            continue
        indent = len(line) - len(line.lstrip())
        # The head of a function sits at column 0, or at 2 inside a class.
        if indent > 2 or "(" not in line + "".join(lines[max(0, start - 3):start]):
            continue
        if OPENS_TEMPLATE_CLASS.search(line.rstrip()) or line.rstrip().endswith("= {"):
            continue
        closing = re.compile(rf"^ {{{indent}}}}}")
        end = next((i for i in range(start + 1, len(lines)) if closing.match(lines[i])), start)
        if end - start + 1 > FUNCTION_LINES:
            yield start + 1, end - start + 1


def long_python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES:
                yield node.lineno, length


def check_file(root, path):
    """(problems, same-floor edges) of one tracked file."""
    try:
        text = (root / path).read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return [], set()
    lines = text.splitlines()
    problems, edges = [], set()
    named = FORBIDDEN_FOLDERS & set(pathlib.PurePosixPath(path).parent.parts)
    if named:
        problems.append((1, f"a folder named {named.pop()} says nothing about what is in it"))
    problems += [(n, "path of one machine") for n, line in enumerate(lines, 1)
                 if MACHINE_PATH.search(line)]
    cpp = path.endswith((".cc", ".h"))
    if not cpp and not path.endswith(".py"):
        return problems, edges
    if len(lines) > FILE_LINES:
        problems.append((1, f"{len(lines)} lines in one file (at most {FILE_LINES})"))
    functions = long_cpp_functions(lines) if cpp else long_python_functions(text)
    if path.startswith("tests/"):  # tables of cases may be long
        functions = []
    problems += [(n, f"{length} lines in one function (at most {FUNCTION_LINES})")
                 for n, length in functions]
    if path.startswith(("millstream/", "python/")) and path != SETTINGS:
        problems += [(n, f"reads the environment; only {SETTINGS} does") for n, line in
                     enumerate(lines, 1) if GETENV.search(line)]
    if path.startswith("millstream/"):
        upward, edges = check_includes(path, lines)
        problems += upward
    return problems, edges


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            cwd=root, check=True, capture_output=True, text=True).stdout
    files = listed.splitlines()
    broken, edges = 0, set()
    for path in files:
        problems, sideways = check_file(root, path)
        edges |= sideways
        broken += len(problems)
        for number, message in sorted(problems):
            print(f"{path}:{number}: {message}")
    for folder in cycles(edges):
        broken += 1
        print(f"millstream/{folder}: includes a folder of its floor that includes it back")
    print(f"floors: {len(files)} files, {broken} broken rules")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

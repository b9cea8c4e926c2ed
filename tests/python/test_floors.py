"""tools/check_floors.py finds each kind of broken rule in a small tree, and none in this one."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def check(root):
    return subprocess.run([sys.executable, ROOT / "tools/check_floors.py", "--root", root],
                          capture_output=True, text=True)


CASES = {
    "upward": ("millstream/base/a.cc", '#include "millstream/keras/model.h"\n', "includes upward"),
    "backend": ("millstream/ops/a.cc", '#include "millstream/backend/cpu/x.h"\n', "backend header"),
    "umbrella": ("millstream/ops/a.cc", '#include "millstream/millstream.h"\n', "umbrella"),
    "unknown": ("millstream/ops/a.cc", '#include "millstream/attic/x.h"\n', "no floor"),
    "getenv": ("millstream/ops/a.cc", 'auto v = std::getenv("HOME");\n', "environment"),
    "environ": ("python/a.py", "import os\nos.environ['A']\n", "environment"),
    "file": ("millstream/ops/a.cc", "int a;\n" * 601, "601 lines in one file"),
    "function": ("millstream/ops/a.cc", "void f() {\n" + "  g();\n" * 60 + "}\n", "62 lines in one"),
    "method": ("millstream/ops/a.h",
               "class A {\n  void f() {\n" + "    g();\n" * 60 + "  }\n};\n", "62 lines in one"),
    "python": ("python/a.py", "def f():\n" + "    g()\n" * 60, "61 lines in one function"),
    "folder": ("millstream/ops/utils/a.cc", "", "says nothing"),
    "path": ("docs/a.md", "see /ho" + "me/someone/x\n", "path of one machine"),
}


def tree(root, files):
    subprocess.run(["git", "init", "-q", root], check=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.mark.parametrize("case", CASES)
def test_finds(case, tmp_path):
    path, text, message = CASES[case]
    tree(tmp_path, {path: text})
    result = check(tmp_path)
    assert result.returncode == 1
    assert message in result.stdout and result.stdout.startswith(path)
    assert "1 broken rules" in result.stdout


def test_finds_a_cycle_on_one_floor(tmp_path):
    tree(tmp_path, {"millstream/keras/a.h": '#include "millstream/data/b.h"\n',
                    "millstream/data/b.h": '#include "millstream/keras/a.h"\n'})
    result = check(tmp_path)
    assert result.returncode == 1
    assert "millstream/keras: includes a folder of its floor" in result.stdout


def test_accepts_downward_includes_and_large_classes(tmp_path):
    tree(tmp_path, {"millstream/keras/a.h": '#include "millstream/ops/b.h"\n',
                    "millstream/backend/cpu/c.cc": '#include "millstream/ops/b.h"\n',
                    "millstream/ops/b.h": "class A {\n" + "  void f();\n" * 80 + "};\n"})
    result = check(tmp_path)
    assert (result.returncode, result.stdout) == (0, "floors: 3 files, 0 broken rules\n")


def test_this_tree():
    result = check(ROOT)
    assert result.returncode == 0, result.stdout

"""What README.md shows is what happens: its programs run and print what it says they print."""
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
BLOCKS = dict(re.findall(r"```(cpp|python)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL))


def printed(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def promised():
    return re.search(r"print\s`([^`]*)`", (ROOT / "README.md").read_text())[1]


def test_python(promised):
    assert printed(sys.executable, "-c", BLOCKS["python"]) == promised


def test_cpp(promised, tmp_path):
    source, program = tmp_path / "readme.cc", tmp_path / "readme"
    source.write_text(BLOCKS["cpp"])
    subprocess.run(["c++", "-std=c++20", f"-I{ROOT}", source, "-o", program, f"-L{BUILD}",
                    "-lmillstream", "-lfmt", f"-Wl,-rpath,{BUILD}",
                    f"-Wl,-rpath-link,{ROOT / '.venv/lib'}"], check=True)
    assert printed(program) == promised

"""Runs a program in a Python of its own: what is set before the first op matters there."""
import os
import subprocess
import sys
import textwrap

import millstream

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(millstream.__file__)))
PRELUDE = """
import millstream as tf
def tried(f):
    try:
        return f()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""


def run(code, timeout=120, **environment):
    """The finished process of `code`, which may use `tf` and `tried(f)`: result or error of f()."""
    path = os.pathsep.join([PACKAGE, os.environ.get("PYTHONPATH", "")])
    return subprocess.run([sys.executable, "-c", PRELUDE + textwrap.dedent(code)],
                          capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, "PYTHONPATH": path, **environment})


def printed(code, **environment):
    """The lines that `code` prints; it must end well."""
    result = run(code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()

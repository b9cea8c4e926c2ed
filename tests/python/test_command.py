"""The `millstream` command that `make build` puts into .venv/bin."""
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*arguments, **environment):
    return subprocess.run([ROOT / ".venv/bin/millstream", *arguments], capture_output=True,
                          text=True, env=environment)


@pytest.mark.parametrize("arguments, expected", [
    (["version"], "millstream 0."),
    (["devices"], "device:CPU:0"),
    (["settings"], "MILLSTREAM_NUM_THREADS"),
    (["ops"], "cast(x: tensor, dtype: dtype)"),
    (["--help"], "usage: millstream COMMAND"),
])
def test_prints(arguments, expected):
    result = run(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert expected in result.stdout


@pytest.mark.parametrize("arguments", [[], ["no such"], ["version", "more"]])
def test_usage(arguments):
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (64, "")
    assert "usage: millstream COMMAND" in result.stderr


def test_settings_show_the_environment():
    assert "7" in run("settings", MILLSTREAM_NUM_THREADS="7").stdout.split("\n")[0]


def test_a_bad_setting_is_named():
    result = run("settings", MILLSTREAM_NUM_THREADS="many")
    assert result.returncode == 1
    assert "InvalidArgument: MILLSTREAM_NUM_THREADS='many' is not an integer" in result.stderr

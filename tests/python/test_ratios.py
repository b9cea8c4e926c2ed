"""benchmarks/peers: ratios over 1 mean that we are better; what is missing is named."""
import json
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "benchmarks/peers"


def table(tmp_path, *rows):
    """The cells of each line of the table, by (task, ours)."""
    results = tmp_path / "results.jsonl"
    results.write_text("".join(
        json.dumps(dict(task=task, peer=peer, value=value, unit=unit)) + "\n"
        for task, peer, value, unit in rows))
    printed = subprocess.run([sys.executable, FOLDER / "ratios.py", results], capture_output=True,
                             text=True, check=True).stdout.splitlines()
    head, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in printed
                    if line.startswith("|") and not line.startswith("|---")]
    return {(line[0], line[2]): dict(zip(head, line)) for line in lines}


def test_times_and_rates_point_the_same_way(tmp_path):
    rows = table(tmp_path, ("t02.add_4", "millstream", 500, "ns"), ("t02.add_4", "tf", 16000, "ns"),
                 ("t06.add_16M.eager", "millstream", 60, "GB/s"),
                 ("t06.add_16M.eager", "tf", 40, "GB/s"))
    assert rows["t02.add_4", "Python"]["x tf"] == "32.00"
    assert rows["t06.add_16M", "Python"]["x tf"] == "1.50"


def test_the_best_variant_and_the_median_round_count(tmp_path):
    rows = table(tmp_path, ("t09.cnn.fit", "millstream_cpp", 9000, "images/s"),
                 ("t09.cnn.fit", "tf", 8000, "images/s"), ("t09.cnn.fit", "tf", 1000, "images/s"),
                 ("t09.cnn.fit", "tf", 8100, "images/s"),
                 ("t09.cnn.loop_eager", "tf", 2000, "images/s"))
    row = rows["t09.cnn", "C++"]
    assert row["x tf"] == "1.12"
    assert row["tf"] == "8000 (8100)"
    assert row["goal"] == "≥ 1 x tf met"


def test_ceilings_have_the_same_number_of_threads(tmp_path):
    rows = table(tmp_path, ("t05.matmul_1000.2thr", "millstream", 210, "GFLOP/s"),
                 ("t06.sum_16M.eager", "millstream", 20, "GB/s"),
                 ("t00.peak_fma_f32.1thr", "machine", 117, "GFLOP/s"),
                 ("t00.peak_fma_f32.2thr", "machine", 234, "GFLOP/s"),
                 ("t00.peak_read.1thr", "machine", 20, "GB/s"),
                 ("t00.peak_read.2thr", "machine", 40, "GB/s"))
    assert rows["t05.matmul_1000.2thr", "Python"]["of ceiling"] == "0.90"
    assert rows["t06.sum_16M", "Python"]["of ceiling"] == "0.50"
    assert rows["t06.sum_16M", "Python"]["goal"] == "≥ 0.8 of ceiling missed"


def test_missing_peers_are_named_with_a_remedy(tmp_path):
    run = subprocess.run([sys.executable, FOLDER / "compare.py", tmp_path, "--venvs", tmp_path,
                          "--peers", "tf,nobody"], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "pip install tensorflow-cpu" in run.stderr
    assert "no peer is named nobody" in run.stderr
    assert "Traceback" not in run.stderr

"""Kernel texts are compiled by NVIDIA's compiler for the chips of five generations.

`make test` compiles those of three dtypes for one chip; `make cuda-texts` all, for all.
"""
import os
import pathlib

import pytest

from program import run
from test_cuda_faults import FAKES, cuda

ALL = os.environ.get("MILLSTREAM_TEST_ALL_CHIPS") == "1"
CHIPS = ["7.5", "8.0", "9.0", "10.0", "12.0"] if ALL else ["9.0"]
DTYPES = None if ALL else ("float32", "bfloat16", "int32", "bool")


@pytest.mark.parametrize("chip", CHIPS)
def test_kernels_compile(chip):
    folder = str(pathlib.Path(__file__).parent)
    result = run(f"""
        import sys
        sys.path.insert(0, {folder!r})
        import cuda_texts
        cuda_texts.main({DTYPES})
        """, timeout=3000, **cuda(f"devices=1 memory=4000000000 capability={chip}",
                                  MILLSTREAM_CACHE=str(FAKES.parent / "kernel-cache")))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].endswith(" 0 refused"), result.stdout

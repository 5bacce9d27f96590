"""One step gives the same bytes whatever the caller's environment says of the processor."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from collsec.core import processor
from collsec.core.project import Project
from mini.small_study import environment

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(
        processor.stated() != processor.COMMON,
        reason="bytes may differ without AVX2",
    ),
]
#: What a caller may have set; none of them may reach a step.
CALLERS: tuple[dict[str, str], ...] = (
    {},
    {"OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_CORETYPE": "SkylakeX", "ARROW_USER_SIMD_LEVEL": "AVX512"},
    {"OPENBLAS_CORETYPE": "Zen", "OPENBLAS_NUM_THREADS": "2", "RISKSET_COMPILED": "1"},
    {"OPENBLAS_CORETYPE": "Sandybridge", "NPY_DISABLE_CPU_FEATURES": "X86_V3"},
)


@pytest.mark.full
def test_a_step_has_the_same_bytes_for_every_caller(pristine: Path, tmp_path: Path) -> None:
    """The estimates of one hypothesis from the shards of the study, and a panel."""
    before = Project(pristine)
    found = []
    for number, caller in enumerate(CALLERS):
        folder = Path(shutil.copytree(pristine, tmp_path / str(number), symlinks=True))
        project = Project(folder)
        for path in (project.record("h2"), project.stage("panels", "h2")):
            path.unlink()
        clean = {k: v for k, v in environment(folder).items() if k not in processor.CHOSEN}
        for step in (["panel", "h2"], ["estimate", "h2", "--profile", "quick"]):
            subprocess.run(
                [sys.executable, "-m", "collsec", "step", *step],
                cwd=folder,
                env=clean | caller,
                check=True,
            )
        names = ("panels/h2.parquet", "estimates/h2.json", "estimates/h2.parquet")
        found.append({name: (project.processed / name).read_bytes() for name in names})
        shutil.rmtree(folder)
    assert found[0].keys() and all(one == found[0] for one in found[1:])
    for name, content in found[0].items():
        assert content == (before.processed / name).read_bytes(), name


#: A step's own environment: the cores that OpenBLAS and NumPy chose, and how a sum ends.
CODE = """
import ctypes, json, os, pathlib, sys
from collsec.core import processor
name = processor.in_force()
import numpy as np
loaded = pathlib.Path("/proc/self/maps").read_text(encoding="utf-8").split()
[library] = {word for word in loaded if "openblas" in word and "numpy" in word}
core = ctypes.CDLL(library).scipy_openblas_get_corename64_
core.restype = ctypes.c_char_p
features = np._core._multiarray_umath.__cpu_features__
wide = [k for k in ("X86_V4", "AVX512_SKX", "AVX512_ICL", "AVX512_SPR") if features.get(k)]
draw = np.random.default_rng(1)
matrix = draw.normal(size=(200, 200))
digest = [float(np.exp(matrix @ matrix.T / 99).sum()).hex(), float(np.linalg.det(matrix)).hex()]
print(json.dumps([name, core().decode(), wide, digest]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="which library is loaded is read from /proc")
def test_openblas_and_numpy_choose_as_stated() -> None:
    said = []
    for caller in CALLERS:
        clean = {k: v for k, v in os.environ.items() if k not in processor.CHOSEN}
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            env=clean | caller,
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(json.loads(done.stdout))
    assert said[0][:3] == [processor.COMMON, "Haswell", []]
    assert all(one == said[0] for one in said)


def test_products_of_long_tables_do_not_end_the_process() -> None:
    """OpenBLAS 0.3.34, of NumPy 2.5, overruns its stack in the chosen kernel (its issue 6026)."""
    code = (
        "import numpy as np, scipy.stats\n"
        "draw = np.random.default_rng(1)\n"
        "for k in (300, 314, 350, 400, 500, 1000, 3000):\n"
        "    a, b = (np.asfortranarray(draw.random((k, 86))) for _ in range(2))\n"
        "    assert np.allclose(a.T @ b, np.einsum('ij,ik->jk', a, b))\n"
    )
    own = os.environ | processor.CHOSEN | processor.ALWAYS
    assert subprocess.run([sys.executable, "-c", code], env=own, check=False).returncode == 0


def test_a_process_that_had_numpy_before_says_so() -> None:
    code = "import numpy\nfrom collsec.core import processor\nprint(processor.in_force())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "as found"


def test_other_processors_choose_for_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    for name in (*processor.CHOSEN, *processor.ALWAYS):
        monkeypatch.setenv(name, "of the caller")  # put back at the end
    processor.stated.cache_clear()
    try:
        assert processor.stated() == "arm64, as found"
        processor.choose()
    finally:
        processor.stated.cache_clear()
    assert not processor.CHOSEN.keys() & os.environ.keys()
    assert {name: os.environ[name] for name in processor.ALWAYS} == processor.ALWAYS

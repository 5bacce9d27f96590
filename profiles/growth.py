"""How the time of a study grows with its draws, split over as many shards as are asked for.

A new study with one hypothesis on all the tables is run once for each number of draws, from where
its panels stand; a line of a table is printed for each.

    python profiles/growth.py --draws 12000 24000 48000 100000 --shards 8
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLLSEC = (sys.executable, "-m", "collsec")


def run(folder: Path, *arguments: str) -> tuple[float, float]:
    """Run a command of collsec; return its seconds by the clock and of all cores."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*COLLSEC, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, spent


def main() -> None:
    """Make the study, and run it for each number of draws."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--draws", type=int, nargs="+", required=True)
    parser.add_argument("--simulated", type=int, default=1000, help="data sets without an effect")
    parser.add_argument("--shards", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "study"
        run(Path(place), "new", "study", str(folder))
        run(folder, "new", "hypothesis", "own")
        study = folder / "analyses" / "_study.yml"
        text = study.read_text(encoding="utf-8")
        shards = ("--", "--set-scatter", f"work={given.shards}", "--until", "estimate")
        run(folder, "run", "--quiet", *shards)
        print("| redrawn assignments | simulated data sets | jobs | seconds | core-seconds |")
        print("| --- | --- | --- | --- | --- |")
        for draws in given.draws:
            counts = f"rerandomization_draws: {draws}, calibration_draws: {given.simulated}"
            quick = r"(  quick: {)rerandomization_draws: \d+, calibration_draws: \d+"
            changed, found = re.subn(quick, rf"\g<1>{counts}", text)
            if not found:
                sys.exit(f"{study}: no draws of the profile quick")
            study.write_text(changed, encoding="utf-8")
            seconds, spent = run(folder, "run", "--quiet", *shards)
            row = (
                f"{draws:,}",
                f"{given.simulated:,}",
                given.shards,
                f"{seconds:.0f}",
                f"{spent:.0f}",
            )
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main()

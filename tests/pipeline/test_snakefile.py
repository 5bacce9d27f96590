"""The pipeline file stays short enough to be read as the study's outline."""

from study import REPOSITORY

# The limit that the study set itself.
MOST_LINES = 199


def test_the_snakefile_stays_an_outline() -> None:
    lines = (REPOSITORY / "Snakefile").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES

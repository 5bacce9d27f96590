"""How far a run is: one line per stage, and the time that remains.

Snakemake says on its standard error how many jobs of each rule there are, and when each has started
and finished; nothing else is needed.
"""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars

_COUNT = re.compile(r"^(\w+) +(\d+)$")
_STARTED = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):$")
_JOB = re.compile(r"^    jobid: (\d+)$")
_FINISHED = re.compile(r"^Finished jobid: (\d+) \(Rule: (\w+)\)$")
_ERROR = re.compile(r"^error: ")
_FAILED = re.compile(r"^    log: (\S+) \(check log file")
#: Rules that do no work of their own.
_TARGETS = ("all", "total")
#: Seconds that a job is taken to need while none of its kind has been seen.
UNKNOWN = 10.0
#: Seconds of silence after which a run that draws no bars says how far it is.
SILENCE = 25.0


class Progress:
    """Reads a run line by line.

    Parameters
    ----------
    console : Console
        Where stages are reported.
    times : Path
        Seconds that a job of each rule took in earlier runs; written at the end.
    cores : int
        How many jobs run side by side.
    is_dry : bool
        Only what would be done is to be said.
    is_last : bool
        Whether nothing follows, so that the time remaining is known.
    """

    def __init__(
        self, console: Console, times: Path, cores: int, *, is_dry: bool, is_last: bool
    ) -> None:
        self.counts: dict[str, int] = {}
        self.finished: dict[str, int] = {}
        self.errors: list[str] = []
        self.failed: list[str] = []
        self.tail: list[str] = []
        self._console, self._times, self._cores = console, times, cores
        self._is_dry, self._is_last = is_dry, is_last
        self._begun: dict[str, float] = {}
        self._rule = ""
        self._is_listing = self._is_error = False
        self._seconds: dict[str, list[float]] = {}
        self._known: dict[str, float] = {}
        with suppress(OSError, ValueError, AttributeError, TypeError):
            earlier = json.loads(times.read_text(encoding="utf-8"))
            self._known = {str(k): float(v) for k, v in earlier.items()}
        self._bars: Bars | None = None
        self._tasks: dict[str, int] = {}
        self._last_said = time.monotonic()
        self._is_over = threading.Event()
        self._heartbeat = threading.Thread(target=self._break_silence, daemon=True)

    def __enter__(self) -> Progress:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bars

        if self._console.is_terminal and not (self._is_dry or self._console.quiet):
            self._bars = Bars(
                TextColumn("{task.description:<10}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[left]}"),
                console=self._console,
            )
            self._bars.start()
        elif not self._is_dry:
            self._heartbeat.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self._bars is not None:
            self._bars.stop()
        if self._seconds:
            with suppress(OSError):
                self._times.parent.mkdir(parents=True, exist_ok=True)
                known = self._known | {rule: self._mean(rule) for rule in self._seconds}
                self._times.write_text(json.dumps(known, sort_keys=True), encoding="utf-8")

    def feed(self, line: str) -> None:
        """Take in one line of Snakemake's standard error, or of a step's."""
        line = line.rstrip("\n")
        self.tail = [*self.tail[-40:], line]
        if line.startswith("Job stats:"):  # a dry run lists them twice
            self._is_listing = not self.counts
        elif self._is_listing:
            if count := _COUNT.match(line):
                self.counts |= {} if count[1] in _TARGETS else {count[1]: int(count[2])}
            elif not line:
                self._is_listing = False
                self._show_plan()
        if failed := _FAILED.match(line):
            self.failed.append(failed[1])
        if line.startswith("note: "):
            self._say(line)
        if _ERROR.match(line):
            self.errors.append(line.removeprefix("error: "))
        elif started := _STARTED.match(line):
            self._rule = started[1]
        elif (job := _JOB.match(line)) and self._rule:
            self._begun.setdefault(job[1], time.monotonic())
        elif finished := _FINISHED.match(line):
            self._finish(finished[2], self._begun.get(finished[1]))

    def _break_silence(self) -> None:
        """Say now and then what is done, so that a log of a long run never looks dead."""
        while not self._is_over.wait(max(SILENCE - (time.monotonic() - self._last_said), 0.01)):
            if time.monotonic() - self._last_said >= SILENCE and self.counts:
                done = ", ".join(
                    f"{rule} {self.finished.get(rule, 0)}/{total}"
                    for rule, total in self.counts.copy().items()
                    if self.finished.get(rule, 0) < total
                )
                self._say(f"at work: {done or 'the last step ends'}")
            elif time.monotonic() - self._last_said >= SILENCE:
                self._say("at work: the plan of the run is made")

    def _say(self, line: str) -> None:
        self._last_said = time.monotonic()
        self._console.print(line)

    @property
    def remaining(self) -> float:
        """Seconds until the end, as far as jobs of each kind have been seen."""
        left = {rule: n - self.finished.get(rule, 0) for rule, n in self.counts.items()}
        return sum(
            n * self._mean(rule) / min(max(self.counts[rule], 1), self._cores)
            for rule, n in left.items()
        )

    def _mean(self, rule: str) -> float:
        seen = self._seconds.get(rule)
        return sum(seen) / len(seen) if seen else self._known.get(rule, UNKNOWN)

    def _show_plan(self) -> None:
        for rule, count in self.counts.items():
            if self._is_dry:
                self._console.print(f"would be made: {rule} ({count} at most)")
            elif self._bars is not None:
                self._tasks[rule] = self._bars.add_task(rule, total=count, left="")

    def _finish(self, rule: str, begun: float | None) -> None:
        if rule in _TARGETS:
            return
        self.finished[rule] = self.finished.get(rule, 0) + 1
        if begun is not None:
            self._seconds.setdefault(rule, []).append(time.monotonic() - begun)
        left = f"about {duration(self.remaining)} remaining" if self._is_last else ""
        total = self.counts.get(rule, 0)
        is_whole = self.finished[rule] >= total
        if self._bars is not None and rule in self._tasks:
            task = self._bars.task_ids[list(self._tasks).index(rule)]
            self._bars.update(task, advance=1, left="done" if is_whole else left)
        elif is_whole:
            self._say(f"{rule:<10} {self.finished[rule]}/{total}  {left}".rstrip())


def duration(seconds: float) -> str:
    """A span of time in the unit that fits it.

    >>> duration(8.4), duration(200), duration(8000)
    ('8 s', '3 min', '2 h 13 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

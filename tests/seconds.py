"""Seconds of processor time by room and by test: `pytest -p seconds`, with any other option.

Processor time, of the test and of the programs that it runs to their end, is the same on a busy
machine as on an idle one. Whoever needs a fixture first pays for it.
"""

from __future__ import annotations

import resource
from collections import Counter, defaultdict
from collections.abc import Generator

import pytest

SLOWEST = 25
SPENT: dict[str, float] = {}
_SO_FAR = pytest.StashKey[float]()


def _used() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, both))


def _phase(item: pytest.Item) -> Generator[None]:
    before = _used()
    try:
        return (yield)
    finally:
        item.stash[_SO_FAR] = item.stash.get(_SO_FAR, 0.0) + _used() - before


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    return (yield from _phase(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    return (yield from _phase(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    try:
        return (yield from _phase(item))
    finally:
        item.user_properties.append(("cpu_seconds", item.stash[_SO_FAR]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what a test took; workers send it along with the report."""
    if report.when == "teardown":
        SPENT[report.nodeid] = float(dict(report.user_properties).get("cpu_seconds", 0.0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rooms: dict[str, float] = defaultdict(float)
    tests: Counter[str] = Counter()
    for name, seconds in SPENT.items():
        path = name.partition("::")[0]
        room = path.rpartition("/")[0] if path.startswith("tests/") else "packages/riskset/tests"
        rooms[room] += seconds
        tests[room] += 1
    write = terminalreporter.write_line
    terminalreporter.section("seconds of processor time")
    for room in sorted(rooms, key=lambda name: -rooms[name]):
        write(f"{rooms[room]:8.1f}  {tests[room]:5}  {room}")
    write(f"{sum(rooms.values()):8.1f}  {sum(tests.values()):5}  all")
    for name in sorted(SPENT, key=lambda name: -SPENT[name])[:SLOWEST]:
        write(f"{SPENT[name]:8.1f}  {name}")

"""Arrivals on made-up hosts: who is a control, what is counted, at the edges of every rule."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest

from collsec.designs import Inputs
from collsec.designs.arrivals import Arrivals, arrivals
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import CohortSpec
from made_up_cohorts import SPEC, episodes_of, inputs_of

WARS = (
    ("10-1", 10, 10, "1990-01-01", "2000-06-30", True),  # arrivals in March 1995, January 1997
    ("20-1", 20, 20, "1990-01-01", "2009-12-31", False),  # never any
    ("30-1", 30, 30, "1990-01-01", "1994-02-28", True),  # over 366 days before March 1995
    ("40-1", 40, 40, "1990-01-01", "1994-03-01", True),  # over 365 days before it
    ("50-1", 50, 50, "1995-03-01", "2000-01-01", True),  # begins on the first of the month
    ("60-1", 60, 60, "1995-02-28", "1995-08-30", True),  # begins on its eve; ends within 183 days
    ("70-1", 70, 70, "1990-01-01", "1995-08-31", True),  # ends after 183 days
    ("71-1", 71, 70, "1990-01-01", "1995-08-31", True),  # another conflict of that host
    ("80-1", 80, 80, "1990-01-01", "1996-12-31", True),  # troops in the window's last month
    ("90-1", 90, 90, "1990-01-01", "1996-12-31", True),  # troops in the month after it
    ("100-1", 100, 100, "1990-01-01", "2000-01-01", True),  # troops left the month before it
    ("110-1", 110, 110, "1985-01-01", "1989-06-30", True),
    ("110-2", 110, 110, "1994-06-01", "2000-01-01", True),  # troops left in its first month
    ("120-1", 120, 120, "1990-01-01", "1995-04-15", True),  # five known months of the reference
    ("130-1", 130, 130, "1990-01-01", "1995-04-15", True),  # six of it, and six after
    ("140-1", 140, 140, "1990-01-01", "1995-04-15", True),  # no death
    ("150-1", 150, 150, "1990-01-01", "1995-04-15", True),  # five known months after
    ("160-1", 160, 160, "1990-01-01", "1995-03-01", True),  # ends on the first of the month
    ("170-1", 170, 170, "1990-01-01", "1995-04-01", False),  # followed no further
    ("180-1", 180, 180, "1994-01-01", "2000-01-01", True),  # troops again after 24 months
    ("190-1", 190, 190, "1994-01-01", "2000-01-01", True),  # troops again after 25 months
    ("200-1", 200, 200, "2003-01-01", "2009-12-31", False),  # two conflicts, one arrival
    ("201-1", 201, 200, "2003-01-01", "2009-12-31", False),
    ("210-1", 210, 210, "2008-01-01", "2009-12-31", False),  # in the last month of the record
)
TROOPS = (
    (10, "1995-03-10", "1996-05-10"),
    (10, "1997-01-05", "1997-02-01"),
    (80, "1998-02-28", None),
    (90, "1998-03-01", None),
    (100, "1990-12-31", "1993-02-28"),
    (110, "1991-01-01", "1993-03-01"),
    (180, "1991-06-01", "1993-05-01"),
    (180, "1995-05-01", None),
    (190, "1990-06-01", "1993-04-30"),
    (190, "1995-05-15", None),
    (201, "2005-02-01", None),
    (200, "2005-02-20", None),
    (210, "2009-12-01", None),
    (20, "2010-01-01", None),
)
#: Conflicts and days of agreements: host 20 within 24 months, 60 within 48, 71 on the day itself.
SIGNED = ((20, "1994-01-01"), (60, "1992-01-01"), (71, "1995-03-01"), (100, "1993-06-01"))


def steps(rows: tuple[tuple[int, str], ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["conflict_id", "known_from"])
    frame = frame.astype({"known_from": "datetime64[s]"})
    return frame.assign(agreements=frame.groupby("conflict_id").cumcount() + 1)


def deployment() -> pd.DataFrame:
    changes = [(c, day, n) for c, on, off in TROOPS for day, n in ((on, 1), (off, 0)) if day]
    frame = pd.DataFrame(changes, columns=["conflict_id", "known_from", "un_troops"])
    return frame.astype({"known_from": "datetime64[s]"})


def known(host: int, day: pd.Timestamp) -> bool:
    """The reference of March 1995 is March 1993 to February 1994."""
    year, month = day.year, day.month
    if host in (120, 130, 150) and day < pd.Timestamp("1995-03-01"):
        # March to July, and the last month of the reference, or the one after it.
        further = (1994, 3) if host == 120 else (1994, 2)
        return (year == 1993 and 3 <= month <= 7) or (year, month) == further
    if host in (120, 130, 150):
        return year == 1995 and month <= (7 if host == 150 else 8)
    return True


@functools.cache
def violence() -> pd.DataFrame:
    """Deaths by host and month of 1989 to 2009; a host has its number, then a tenth and one."""
    rows = [
        (
            host,
            day,
            (0.0 if host == 140 else float(host if day.year < 1995 else host // 10 + 1))
            if known(host, day)
            else np.nan,
            float(host == 200 and day == pd.Timestamp("2008-01-01")),
        )
        for host in sorted({war[2] for war in WARS})
        for day in pd.date_range("1989-01-01", "2009-12-01", freq="MS")
    ]
    names = ["gwno_host", "from_date", "deaths_in_month", "is_shared_month"]
    return pd.DataFrame(rows, columns=names).astype({"from_date": "datetime64[s]"})


def world(**more: object) -> Inputs:
    spec = dataclasses.replace(
        SPEC, cohort=CohortSpec(("intrastate",)), strata=("agreement_24m", "agreement_48m")
    )
    return inputs_of(
        spec=dataclasses.replace(spec, **more),  # type: ignore[arg-type]
        episodes=episodes_of(*WARS),
        timelines={
            "deployment": deployment(),
            "violence": violence(),
            "peace_process": steps(SIGNED),
        },
    )


@functools.cache
def found(choices: Choices = AS_DECLARED) -> Arrivals:
    return arrivals(world(), "un_troops", "deaths_in_host_by_month", choices)


def test_arrivals_are_left_at_the_step_that_says_why() -> None:
    one = found()
    assert one.attrition[["step", "n_units", "n_events", "dropped"]].to_numpy().tolist() == [
        ["arrivals", 13, 13, 0],  # two conflicts of host 200 have one
        # 190 in 1990 and 100 in 1990 have no reference; 20 in 2010 comes after the record.
        ["on record", 10, 10, 3],
        # 10 in 1997, 180 in 1995: somebody was there within 24 months.
        ["first in two years", 8, 8, 2],
        # 80 and 90 in 1998, 110 and 180 in 1991: no war within 12 months.
        ["a host at war", 4, 4, 4],
        ["counted months", 3, 3, 1],  # 210: no month after it is known but its own
        ["deaths before", 3, 3, 0],
    ]
    assert one.events.to_numpy().tolist() == [
        [10, 10, 1995 * 12 + 2, False],
        [190, 190, 1995 * 12 + 4, False],
        [200, 200, 2005 * 12 + 1, True],
    ]


def test_controls_were_at_war_and_had_nobody_throughout_the_window() -> None:
    one = found()
    assert [own.tolist() for own in one.hosts] == [
        [10, 20, 40, 60, 70, 90, 100, 130, 160, 170],
        # May 1995: 40 is over too long, 50 has begun; 90 has troops in the window's last months,
        # those of 110 have left, and four months of the reference are known of 130.
        [190, 20, 50, 60, 70, 100, 110, 160, 170],
        [200, 20],
    ]
    later = [own[is_later].tolist() for own, is_later in zip(one.hosts, one.later, strict=True)]
    assert later == [[20, 90], [20], [20]]
    ending = [own[ends].tolist() for own, ends in zip(one.hosts, one.ending, strict=True)]
    # 183 days from March: to 30 August, and from May to 30 October.
    assert ending == [[60, 130, 160], [60, 70], []]


def test_the_status_of_a_host_is_that_of_the_eve_over_all_its_conflicts() -> None:
    first, second, third = found().status
    # Agreements within 24 months count one, within 48 months two; one on the day itself nothing.
    told = dict(zip(found().hosts[0].tolist(), first.tolist(), strict=True))
    assert {host: value for host, value in told.items() if value} == {20: 3, 60: 2, 100: 3}
    told = dict(zip(found().hosts[1].tolist(), second.tolist(), strict=True))
    assert {host: value for host, value in told.items() if value} == {20: 3, 60: 2, 70: 3, 100: 3}
    assert third.tolist() == [0, 0]
    alone = arrivals(
        world(strata=("agreement_48m",)), "un_troops", "deaths_in_host_by_month", AS_DECLARED
    )
    assert sorted(set(alone.status[0].tolist())) == [0, 1]


def test_counts_are_those_of_the_sixty_months_around() -> None:
    one = found()
    assert one.relative.tolist() == list(range(-24, 36))
    assert [stack.counts.shape for stack in one.stacks] == [(10, 60), (9, 60), (2, 60)]
    # March 1993 to December 1994 at 10 a month, then at two.
    assert one.stacks[0].counts[0].tolist() == [10.0] * 22 + [2.0] * 38
    assert one.stacks[0].counts[1].tolist() == [20.0] * 22 + [3.0] * 38
    few = one.stacks[0].counts[7]  # host 130
    assert np.flatnonzero(~np.isnan(few)).tolist() == [0, 1, 2, 3, 4, 11, 24, 25, 26, 27, 28, 29]
    assert np.nansum(few) == 6 * 130 + 6 * 14


def test_hosts_that_are_left_out_are_neither_controls_nor_counted() -> None:
    without = found(Choices(drop_countries=(20, 90)))
    assert without.hosts[0].tolist() == [10, 40, 60, 70, 100, 130, 160, 170]
    assert found(Choices(drop_countries=(10,))).events["gwno_host"].tolist() == [190, 200]
    # Without its only control an arrival says nothing.
    alone = found(Choices(drop_countries=(20,)))
    assert alone.events["gwno_host"].tolist() == [10, 190]
    assert alone.attrition["n_units"].iloc[-1] == 2


def test_without_any_arrival_there_are_no_stacks() -> None:
    inputs = world()
    none = inputs.timelines["deployment"].query("conflict_id == 20")
    inputs.timelines["deployment"] = none
    one = arrivals(inputs, "un_troops", "deaths_in_host_by_month", AS_DECLARED)
    assert one.stacks == one.hosts == one.status == () and one.events.empty
    assert one.attrition["n_units"].tolist() == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(("host", "deaths", "is_in"), [(20, 24, 0), (20, 25, 1), (10, 24, 0)])
def test_a_host_needs_the_deaths_of_a_year_of_war_in_the_reference(
    host: int, deaths: int, is_in: bool
) -> None:
    """March 1993 to February 1994: all in the first month; whatever came in the year after."""
    inputs, rows = world(), violence()
    day, own = rows["from_date"], rows["gwno_host"] == host
    inside = own & (day >= "1993-03-01") & (day < "1994-03-01")
    counts = rows["deaths_in_month"].mask(inside, 0.0)
    counts = counts.mask(own & (day == "1993-03-01"), float(deaths))
    inputs.timelines["violence"] = rows.assign(deaths_in_month=counts)
    one = arrivals(inputs, "un_troops", "deaths_in_host_by_month", AS_DECLARED)
    if host == 20:
        assert (20 in one.hosts[0]) == is_in
    else:  # the host of an arrival: counted among those that are left out
        assert one.events["gwno_host"].tolist() == [190, 200]
        assert one.attrition[["n_units", "dropped"]].to_numpy().tolist()[-2:] == [[3, 1], [2, 1]]


@pytest.mark.parametrize("host", [120, 140, 150])
def test_a_host_with_too_few_months_or_deaths_is_no_control(host: int) -> None:
    assert all(host not in own for own in found().hosts)

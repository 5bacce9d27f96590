# The study, stage by stage: raw → tables → episodes → timelines → estimates → reports.
#
#   collsec run                     everything, with the draws of profile "quick"
#   collsec run --profile full      the published draws
#
# Each rule calls one command, `collsec step …`, which writes all of its files or none. What Snakemake
# sees of them is one receipt, a digest of all that was written, so that a failure takes away no result:
# the files themselves stay until whole new ones take their place. `collsec run` drops the receipts
# of what is missing, corrupt or outdated before Snakemake starts. A rule names the *code* it rests
# on, because Snakemake does not follow Python's imports. On this machine a warm process makes the steps.

import os

from collsec.core.manifest import WorkUnit
from collsec.core.project import Project
from collsec.hypothesis.specification import specification_digest
from collsec.hypothesis.study import load_study
from collsec.pipeline import code_of, sources, study_digest

PROJECT = Project(".")
HYPOTHESES = list(load_study(PROJECT).hypotheses)
PROFILE = config.get("profile", "quick")
COLLSEC = "COLLSEC_ROOT=. COLLSEC_LOG={log} python -m collsec"


def receipt(stage, hypothesis="", shard=""):
    """What a unit of work leaves behind when all of its files are there."""
    return PROJECT.relative(PROJECT.receipt(WorkUnit(stage, hypothesis, shard)))


def log_of(stage, hypothesis="", shard=""):
    """What the command of a unit of work said, kept on the machine that ran it."""
    return PROJECT.relative(PROJECT.log(WorkUnit(stage, hypothesis, shard)))


def written_by_hand(stage):
    """Files that a person writes and a stage reads."""
    return [PROJECT.relative(path) for path in sources(PROJECT, stage)]


def code(stage):
    """Modules on which a stage rests, by the import graph."""
    return [os.path.relpath(path) for path in code_of(stage)]


# Used only with `--software-deployment-method apptainer`: the image of profiles/Containerfile.
container: "docker://collsec"

wildcard_constraints:
    h="|".join(HYPOTHESES),

localrules: all


# Shards of each hypothesis, each with a start of its own; `--set-scatter work=8` for more cores.
scattergather:
    work=2,


rule all:
    """Every unit, not the last alone: one that is missing is made again though later ones are there."""
    input:
        [receipt(stage) for stage in ("tables", "episodes", "timelines", "public")],
        expand(receipt("panel", "{h}"), h=HYPOTHESES),
        [gather.work(receipt("shard", h, "{scatteritem}")) for h in HYPOTHESES],
        expand(receipt("estimate", "{h}"), h=HYPOTHESES),
        [receipt(stage) for stage in ("synthesis", "reports")],


rule tables:
    """Validate every raw table and write it typed; nothing joined."""
    input:
        written_by_hand("tables"),
        code=code("tables"),
    output:
        receipt("tables"),
    log:
        log_of("tables"),
    shell:
        f"{COLLSEC} step tables"


rule episodes:
    """Join episodes with outcomes, missions, Council acts and ties, by coded keys."""
    input:
        rules.tables.output,
        code=code("episodes"),
    output:
        receipt("episodes"),
    log:
        log_of("episodes"),
    shell:
        f"{COLLSEC} step episodes"


rule timelines:
    """Exposures as step functions of calendar time: what was known, and from when."""
    input:
        rules.episodes.output,
        code=code("timelines"),
    output:
        receipt("timelines"),
    log:
        log_of("timelines"),
    shell:
        f"{COLLSEC} step timelines"


rule public:
    """The tables that the study gives out: wars, dyads, conflicts and states by month and year, votes."""
    input:
        rules.timelines.output,
        code=code("public"),
    output:
        receipt("public"),
    log:
        log_of("public"),
    shell:
        f"{COLLSEC} step public"


# A specification and the shared choices count by their content, as parameters: rewording the prose below
# a specification estimates nothing again, nor does listing a further hypothesis.
rule panel:
    """Checked specification, cohort and (start, stop] rows of a hypothesis; attrition table."""
    input:
        rules.timelines.output,
        code=code("panel"),
    output:
        receipt("panel", "{h}"),
    params:
        specification=lambda wildcards: specification_digest(PROJECT, wildcards.h),
        study=study_digest(PROJECT, is_whole=False),
    log:
        log_of("panel", "{h}"),
    shell:
        f"{COLLSEC} step panel {{wildcards.h}}"


rule shard:
    """A shard of the work: specifications of the multiverse, draws, parts; same numbers however split."""
    input:
        rules.panel.output,
        code=code("shard"),
    output:
        receipt("shard", "{h}", "{scatteritem}"),
    params:
        profile=PROFILE,
    log:
        log_of("shard", "{h}", "{scatteritem}"),
    shell:
        f"{COLLSEC} step shard {{wildcards.h}} {{wildcards.scatteritem}} --profile {{params.profile}}"


rule estimate:
    """The shards gathered: estimates, curves, diagnostics, falsification and verdict."""
    input:
        shards=gather.work(receipt("shard", "{{h}}", "{scatteritem}")),
        code=code("estimate"),
    output:
        receipt("estimate", "{h}"),
    params:
        profile=PROFILE,
        shards=lambda wildcards, input: len(input.shards),
    log:
        log_of("estimate", "{h}"),
    shell:
        f"{COLLSEC} step estimate {{wildcards.h}} --profile {{params.profile}} --shards {{params.shards}}"


rule synthesis:
    """What can be said only of all hypotheses together: multiplicity over the primaries."""
    input:
        expand(rules.estimate.output, h=HYPOTHESES),
        code=code("synthesis"),
    output:
        receipt("synthesis"),
    params:
        study=study_digest(PROJECT, is_whole=True),
    log:
        log_of("synthesis"),
    shell:
        f"{COLLSEC} step synthesis"


rule reports:
    """Write the Quarto project from the estimates and render it (HTML and PDF)."""
    input:
        rules.synthesis.output,
        written_by_hand("reports"),
        code=code("reports"),
    output:
        receipt("reports"),
    params:
        study=study_digest(PROJECT, is_whole=True),
    log:
        log_of("reports"),
    shell:
        f"{COLLSEC} step reports"

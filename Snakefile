# The study, stage by stage: raw → tables → episodes → timelines → estimates → reports.
#
#   snakemake -c all                            everything, with the draws of profile "quick"
#   snakemake -c all --config profile=full      the published draws
#
# Each rule calls one command, `collsec step …`, and names the data *and the code* it rests on,
# because Snakemake does not follow Python's imports.

import json
import os
from pathlib import Path

import yaml

from collsec.hypothesis.specification import specification_digest
from collsec.core.project import Project
from collsec.histories import FRAMES, TIMELINES
from collsec.pipeline import code_of

PROJECT = Project(".")
STUDY = yaml.safe_load(PROJECT.study_file.read_text(encoding="utf-8"))
HYPOTHESES = STUDY["hypotheses"]
PROFILE = config.get("profile", "quick")
COLLSEC = "python -m collsec"

RAW = "data/raw"
OUT = "data/processed"
PACKAGE = json.loads(PROJECT.datapackage.read_text(encoding="utf-8"))
TABLES = [r["name"] for r in PACKAGE["resources"]]
PAGES = {h: PROJECT.spec_file(h).stem for h in HYPOTHESES}


def code(stage):
    """Modules on which a stage rests, by the import graph."""
    return [os.path.relpath(path) for path in code_of(stage)]


wildcard_constraints: h="|".join(HYPOTHESES)


localrules: all


# Shards that the work of each hypothesis is split into; `--set-scatter work=8` for more cores.
scattergather: work=4


rule all:
    input: "reports/site/index.html"


rule tables:
    """Validate every raw table and write it typed; nothing joined."""
    input:
        package=f"{RAW}/datapackage.json",
        csv=[f"{RAW}/{r['path']}" for r in PACKAGE["resources"]],
        schemas=[f"{RAW}/{r['schema']}" for r in PACKAGE["resources"]],
        sources=f"{RAW}/sources.toml",
        code=code("tables"),
    output:
        expand(f"{OUT}/tables/{{table}}.parquet", table=TABLES),
    shell:
        f"{COLLSEC} step tables"


rule episodes:
    """Join episodes with outcomes, missions, Council acts and ties, by coded keys."""
    input:
        rules.tables.output,
        code=code("episodes"),
    output:
        expand(f"{OUT}/episodes/{{name}}.parquet", name=[*FRAMES, "extents"]),
    shell:
        f"{COLLSEC} step episodes"


rule timelines:
    """Exposures as step functions of calendar time: what was known, and from when."""
    input:
        rules.episodes.output,
        code=code("timelines"),
    output:
        expand(f"{OUT}/timelines/{{family}}.parquet", family=list(TIMELINES)),
    shell:
        f"{COLLSEC} step timelines"


# A specification counts by its content, as a parameter: rewording the prose below it estimates nothing
# again. (Not as a file: Snakemake 9 skips descendants of a pending job though `ancient` to it.)
rule panel:
    """Checked specification, cohort and (start, stop] rows of a hypothesis; attrition table."""
    input:
        rules.episodes.output,
        rules.timelines.output,
        study="analyses/_study.yml",
        page=ancient(lambda wildcards: f"analyses/{PAGES[wildcards.h]}.qmd"),
        code=code("panel"),
    output:
        f"{OUT}/specs/{{h}}.json",
        f"{OUT}/specs/{{h}}-multiverse.parquet",
        f"{OUT}/panels/{{h}}.parquet",
        f"{OUT}/panels/{{h}}-attrition.parquet",
    params:
        specification=lambda wildcards: specification_digest(PROJECT, wildcards.h),
    shell:
        f"{COLLSEC} step panel {{wildcards.h}}"


rule shard:
    """A shard of the work: specifications of the multiverse, draws, parts; same numbers however split."""
    input:
        rules.panel.output,
        rules.episodes.output,
        rules.timelines.output,
        study="analyses/_study.yml",
        code=code("shard"),
    output:
        f"{OUT}/shards/{{h}}-multiverse-{{scatteritem}}.parquet",
        f"{OUT}/shards/{{h}}-{{scatteritem}}.json",
    params:
        specification=lambda wildcards: specification_digest(PROJECT, wildcards.h),
        profile=PROFILE,
    shell:
        f"{COLLSEC} step shard {{wildcards.h}} {{wildcards.scatteritem}} --profile {{params.profile}}"


rule estimate:
    """The shards gathered: estimates, curves, diagnostics, falsification and verdict."""
    input:
        gather.work(f"{OUT}/shards/{{{{h}}}}-multiverse-{{scatteritem}}.parquet"),
        gather.work(f"{OUT}/shards/{{{{h}}}}-{{scatteritem}}.json"),
        code=code("estimate"),
    output:
        f"{OUT}/estimates/{{h}}-multiverse.parquet",
        f"{OUT}/estimates/{{h}}.parquet",
        f"{OUT}/estimates/{{h}}-curves.parquet",
        f"{OUT}/estimates/{{h}}.json",
    params:
        profile=PROFILE,
        shards=lambda wildcards, input: (len(input) - len(input.code)) // 2,
    shell:
        f"{COLLSEC} step estimate {{wildcards.h}} --profile {{params.profile}} --shards {{params.shards}}"


rule synthesis:
    """What can be said only of all hypotheses together: multiplicity over the primaries."""
    input:
        expand(f"{OUT}/estimates/{{h}}.parquet", h=HYPOTHESES),
        study="analyses/_study.yml",
        code=code("synthesis"),
    output:
        f"{OUT}/estimates/study.json",
    shell:
        f"{COLLSEC} step synthesis"


rule reports:
    """Write the Quarto project from the estimates and render it (HTML and PDF)."""
    input:
        rules.synthesis.output,
        expand(f"{OUT}/estimates/{{h}}.json", h=HYPOTHESES),
        expand(f"{OUT}/estimates/{{h}}.parquet", h=HYPOTHESES),
        expand(f"{OUT}/estimates/{{h}}-curves.parquet", h=HYPOTHESES),
        expand(f"{OUT}/estimates/{{h}}-multiverse.parquet", h=HYPOTHESES),
        expand(f"{OUT}/panels/{{h}}{{end}}.parquet", h=HYPOTHESES, end=["", "-attrition"]),
        rules.tables.output,
        rules.episodes.output,
        rules.timelines.output,
        declared=[PROJECT.relative(PROJECT.datapackage), f"{RAW}/sources.toml"],
        claims=[f"{RAW}/coded/claims.csv", f"{RAW}/schemas/claims.json"],
        study="analyses/_study.yml",
        cases="analyses/_cases.yml",
        pages=[f"analyses/{page}.qmd" for page in PAGES.values()],
        sources=[p.as_posix() for p in sorted(Path("reports").glob("*"))
                 if p.is_file() and p != PROJECT.manifest.relative_to(PROJECT.root)],
        citation="CITATION.cff",
        code=code("reports"),
    output:
        "reports/site/index.html",
        "reports/site/data/codebook.html",
        expand("reports/site/{page}.html", page=["cases", "claims", "data"]),
        expand("reports/site/{page}.{format}", page=PAGES.values(), format=["html", "pdf"]),
    shell:
        f"{COLLSEC} step reports"

"""AgentRag's own benchmark, its lines turned into those of measure.py. Arguments: see measure.py; AGENTRAG_BENCHMARKS is the executable."""

import os
import re
import resource
import subprocess
import sys

import measure

BUILD = re.compile(r"build, (?P<how>[^:]+): [\d,]+ passages in (?P<wall>[\d.,]+) s .*?\), (?P<cpu>[\d.,]+) s of processor .*peak memory (?P<peak>[\d,]+) MB")
INVERTED = re.compile(r"index: .* segments, (?P<all>[\d.,]+) MB, (?P<inverted>[\d.,]+) MB of it without stored text")
QUERY = re.compile(r"(?P<queries>queries|content) +k +(?P<k>\d+): p50 +(?P<p50>[\d.,]+) us +p95 +(?P<p95>[\d.,]+) us")


def number(text):
    return float(text.replace(",", ""))


def run(*arguments):
    output = subprocess.run([os.environ["AGENTRAG_BENCHMARKS"], *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(output, file=sys.stderr)
    return output


def build(corpus):
    """The index stays in CORPUS/index; the real corpus is there already, so that its data folder is not needed again."""
    data, name = os.path.split(corpus)
    sizes = ["--sizes", name[1:]] if name.startswith("s") else ["--sizes", "", "--real", data]
    output = run("lexical", "--data", data, "--keep", "--queries", "1000", *sizes)
    inverted = INVERTED.search(output)
    for found in BUILD.finditer(output):
        plain = found["how"] == "plain"
        measure.write(
            engine="AgentRag" if plain else "AgentRag, " + found["how"], corpus=name, step="build", build_cpu_s=number(found["cpu"]),
            build_wall_s=number(found["wall"]), index_bytes=int(number(inverted["inverted"]) * 1e6) if plain else None,
            total_bytes=int(number(inverted["all"]) * 1e6) if plain else None, peak_rss_mb=int(number(found["peak"])))


def query(corpus, limit):
    output = run("lexical-queries", corpus, os.path.join(corpus, "index"), limit)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 // 1_000_000
    for found in QUERY.finditer(output):
        measure.write(
            engine="AgentRag", corpus=os.path.basename(corpus), step="query", queries=found["queries"], k=int(found["k"]), count=int(limit),
            cpu_p50_ms=round(number(found["p50"]) / 1e3, 4), cpu_p95_ms=round(number(found["p95"]) / 1e3, 4), peak_rss_mb=peak)


folder = os.path.abspath(sys.argv[2])
if sys.argv[1] == "build":
    build(folder)
else:
    query(folder, sys.argv[4])

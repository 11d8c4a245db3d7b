"""Markdown tables out of the runners' lines of JSON: standard input to standard output."""

import json
import sys
from collections import defaultdict
from statistics import median

OURS = "AgentRag"


def main():
    lines = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    for corpus in dict.fromkeys(line["corpus"] for line in lines):
        of_corpus = [line for line in lines if line["corpus"] == corpus]
        builds(corpus, [line for line in of_corpus if line["step"] == "build"])
        queries(corpus, [line for line in of_corpus if line["step"] == "query"])


def builds(corpus, lines):
    print(f"### {corpus}: build\n\n| engine | CPU s | wall s | inverted index MB | peak memory MB | load |\n| --- | --- | --- | --- | --- | --- |")
    for line in lines:
        size = f"{line['index_bytes'] / 1e6:,.0f}" if line["index_bytes"] is not None else ""
        print(f"| {line['engine']} | {line['build_cpu_s']:.1f} | {line['build_wall_s']:.1f} | {size} | {line['peak_rss_mb']:,} | {line['load']} |")
    print()


def queries(corpus, lines):
    cells = defaultdict(list)
    for line in lines:
        cells[line["engine"], line["queries"], line["k"]].append(line)
    columns = list(dict.fromkeys((line["queries"], line["k"]) for line in lines))
    engines = list(dict.fromkeys(line["engine"] for line in lines))
    print(f"### {corpus}: one thread's processor time, ms p50 / p95; in brackets how many times AgentRag's (p50, p95)\n")
    print("| engine | " + " | ".join(f"{name} k = {k}" for name, k in columns) + " | queries, rounds | top 10 shared | peak memory MB | load |")
    print("| --- " * (len(columns) + 5) + "|")
    for engine in engines:
        of_engine = [line for column in columns for line in cells[engine, *column]]
        loads = [line["load"] for line in of_engine]
        shared = next((line["overlap10"] for line in of_engine if line.get("overlap10") is not None), None)
        row = [figures(cells[engine, *column], cells[OURS, *column], engine) for column in columns]
        rounds = max(len(cells[engine, *column]) for column in columns)
        row += [
            f"{of_engine[0]['count']:,}, {rounds}", "" if shared is None else f"{shared:.1%}",
            f"{max(line['peak_rss_mb'] for line in of_engine):,}", f"{min(loads)}-{max(loads)}",
        ]
        print(f"| {engine} | " + " | ".join(row) + " |")
    print()


def figures(lines, ours, engine):
    """The median over the rounds."""
    if not lines:
        return ""
    values = [median(line[key] for line in lines) for key in ("cpu_p50_ms", "cpu_p95_ms")]
    text = " / ".join(f"{value:.3g}" if value < 100 else f"{value:,.0f}" for value in values)
    if engine == OURS or not ours:
        return text
    base = [median(line[key] for line in ours) for key in ("cpu_p50_ms", "cpu_p95_ms")]
    return f"{text} ({values[0] / base[0]:,.1f}, {values[1] / base[1]:,.1f})"


main()

"""What the Python runners share: the files of a corpus, the way AgentRag.Benchmarks takes its times, and the lines of JSON."""

import json
import os
import sys
import time

KS = (10, 100, 1000)
QUERY_FILES = (("queries", "queries.txt"), ("content", "queries-content.txt"))


def main(engine, build, open_index):
    """`build CORPUS INDEX` or `query CORPUS INDEX QUERIES PASSES`; open_index returns a function of (tokens, k) that yields lines of corpus.txt."""
    step, corpus, index = sys.argv[1:4]
    name = os.path.basename(os.path.normpath(corpus))
    if step == "build":
        cpu, wall = time.process_time(), time.perf_counter()
        build(corpus, index)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        write(engine=engine, corpus=name, step="build", build_cpu_s=round(cpu, 2), build_wall_s=round(wall, 2), index_bytes=bytes_below(index))
        return

    search = open_index(index)
    limit, passes = int(sys.argv[4]), int(sys.argv[5])
    for queries, file in QUERY_FILES:
        with open(os.path.join(corpus, file)) as lines:
            texts = [line.split() for line in lines][:limit]
        for k in KS:
            figures = timed(search, texts, k, passes)
            overlap = overlap_at_10(corpus, search, texts) if (queries, k) == ("queries", 10) else None
            write(engine=engine, corpus=name, step="query", queries=queries, k=k, count=len(texts), **figures, overlap10=overlap)


def timed(search, queries, k, passes):
    """Per query the upper median of all passes but the first, which warms up; then quantiles over the queries."""
    cpu, wall = [[] for _ in queries], [[] for _ in queries]
    for number in range(passes):
        for i, query in enumerate(queries):
            cpu_start, wall_start = time.thread_time_ns(), time.perf_counter_ns()
            search(query, k)
            cpu_ns, wall_ns = time.thread_time_ns() - cpu_start, time.perf_counter_ns() - wall_start
            if number > 0:
                cpu[i].append(cpu_ns / 1e6)
                wall[i].append(wall_ns / 1e6)
    return {
        f"{clock}_{name}_ms": round(quantile([sorted(of)[len(of) // 2] for of in times], q), 4)
        for clock, times in (("cpu", cpu), ("wall", wall))
        for name, q in (("p50", 0.5), ("p95", 0.95))
    }


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def overlap_at_10(corpus, search, queries):
    """Share of AgentRag's ten best passages that are among the peer's: tells a peer that answers another question."""
    path = os.path.join(corpus, "top10.txt")
    if not os.path.exists(path):
        return None
    with open(path) as lines:
        best = [{int(hit.split(":")[0]) for hit in line.split()} for line in lines]
    shares = [len(ours & set(search(query, 10))) / len(ours) for query, ours in zip(queries, best) if ours]
    return round(sum(shares) / len(shares), 4) if shares else None


def bytes_below(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(path) for file in files)


def peak_rss_mb():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 // 1_000_000


def write(**line):
    line.setdefault("peak_rss_mb", peak_rss_mb())
    line["load"] = round(os.getloadavg()[0], 2)
    print(json.dumps(line), flush=True)

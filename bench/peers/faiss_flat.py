#!/usr/bin/python3
"""Exact search with faiss over the vectors of the benchmark `dense`.

usage: faiss_flat.py vectors.f32 queries.f32 dimensions queries k

Prints milliseconds per query (one query at a time; processor time for one thread, the wall for two) of IndexFlatIP (float32) and of the 8-bit scalar quantiser, with one thread and with two,
and the quantiser's recall against float32. Debian: apt-get install python3-faiss.
"""
import sys
import time

import faiss
import numpy as np

vectors_path, queries_path, dimensions, count, k = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
vectors = np.memmap(vectors_path, dtype=np.float32, mode="r").reshape(-1, dimensions)
queries = np.fromfile(queries_path, dtype=np.float32).reshape(-1, dimensions)[:count]


def load():
    with open("/proc/loadavg") as file:
        return file.read().strip()


def measure(name, index):
    found = None
    for threads in (1, 2):
        faiss.omp_set_num_threads(threads)
        for query in queries[:3]:
            index.search(query[None], k)
        clock = time.thread_time if threads == 1 else time.perf_counter
        times, found = [], []
        for query in queries:
            start = clock()
            found.append(index.search(query[None], k)[1][0])
            times.append((clock() - start) * 1e3)
        times.sort()
        print(
            f"| faiss {faiss.__version__} {name}, {threads} thread{'s' if threads > 1 else '':<1}".ljust(58)
            + f" | median {times[len(times) // 2]:7.2f} | best {times[0]:7.2f} | p95 {times[int(len(times) * 0.95)]:7.2f} |"
        )
    return found


print(f"load before faiss: {load()}")
flat = faiss.IndexFlatIP(dimensions)
flat.add(np.ascontiguousarray(vectors))
exact = measure("IndexFlatIP float32", flat)
del flat

quantised = faiss.IndexScalarQuantizer(dimensions, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
quantised.train(np.ascontiguousarray(vectors[: min(len(vectors), 100_000)]))
quantised.add(np.ascontiguousarray(vectors))
rough = measure("SQ8", quantised)
same = sum(len(set(a) & set(b)) for a, b in zip(exact, rough)) / (k * len(exact))
print(f"recall@{k} of SQ8 against float32: {same:.3f}")
print(f"load after faiss: {load()}")

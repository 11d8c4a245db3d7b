"""SQLite FTS5 from Debian's Python. Arguments: see measure.py. Its bm25() has k1 = 1.2 and b = 0.75, not settable."""

import os
import sqlite3

import measure


def build(corpus, index):
    if os.path.exists(index):
        os.remove(index)
    database = sqlite3.connect(index)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA cache_size = -262144")
    database.execute("CREATE VIRTUAL TABLE passages USING fts5(text, content = '', tokenize = 'ascii')")
    with open(os.path.join(corpus, "corpus.txt")) as lines:
        database.executemany("INSERT INTO passages(rowid, text) VALUES (?, ?)", enumerate(lines))
    database.execute("INSERT INTO passages(passages) VALUES ('optimize')")
    database.commit()
    database.close()


def open_index(index):
    database = sqlite3.connect(index)
    database.execute("PRAGMA cache_size = -1048576")
    database.execute("PRAGMA mmap_size = 4294967296")

    def search(query, k):
        match = " OR ".join(f'"{term}"' for term in query)
        return [row for row, in database.execute("SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?", (match, k))]

    return search


measure.main("SQLite FTS5 " + sqlite3.sqlite_version, build, open_index)

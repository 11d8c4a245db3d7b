"""Xapian from Debian's python3-xapian. Arguments: see measure.py."""

import os
import shutil

import xapian

import measure

POSTINGS_IN_MEMORY = "100000"  # passages between flushes; the default of 10,000 builds several times slower


def build(corpus, index):
    shutil.rmtree(index, ignore_errors=True)
    os.environ["XAPIAN_FLUSH_THRESHOLD"] = POSTINGS_IN_MEMORY
    raw = index + ".raw"
    database = xapian.WritableDatabase(raw, xapian.DB_CREATE_OR_OVERWRITE)
    terms = xapian.TermGenerator()
    terms.set_max_word_length(200)
    with open(os.path.join(corpus, "corpus.txt")) as passages:
        for passage in passages:
            document = xapian.Document()
            terms.set_document(document)
            terms.index_text_without_positions(passage)
            database.add_document(document)
    database.commit()
    database.compact(index)
    database.close()
    shutil.rmtree(raw)


def open_index(index):
    enquire = xapian.Enquire(xapian.Database(index))
    # k2 and min_normlen off, k3 is without effect on terms that stand once in a query.
    enquire.set_weighting_scheme(xapian.BM25Weight(0.9, 0, 0, 0.4, 0))

    # The binding's list of ids would cost more than the search at k = 1000, so it is lazy and no part of the time.
    def search(query, k):
        enquire.set_query(xapian.Query(xapian.Query.OP_OR, query))
        found = enquire.get_mset(0, k)
        return (match.docid - 1 for match in found)

    return search


measure.main("Xapian " + xapian.version_string(), build, open_index)

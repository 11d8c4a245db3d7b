// LanceDB's full-text index from npm: `build CORPUS INDEX` or `query CORPUS INDEX QUERIES PASSES`; times as in measure.py, but of the whole
// process, since it works on threads of its own. Its BM25 has k1 = 1.2 and b = 0.75, not settable. PEERS_MODULES is the folder of node_modules.
import { createReadStream, existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadavg } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const modules = join(resolve(process.env.PEERS_MODULES ?? '.'), 'node_modules');
const require = createRequire(join(modules, 'index.js'));
const lancedb = require('@lancedb/lancedb');
const arrow = require('apache-arrow');
const version = JSON.parse(readFileSync(join(modules, '@lancedb/lancedb-linux-x64-gnu/package.json'))).version;
const [step, corpus, index, queryLimit, passCount] = process.argv.slice(2);
const rowsPerBatch = 100_000;

if (step === 'build') {
  await build();
} else {
  await query(Number(queryLimit), Number(passCount));
}

async function build() {
  rmSync(index, { recursive: true, force: true });
  const start = performance.now();
  const database = await lancedb.connect(index);
  let table;
  for await (const batch of batches()) {
    table = table ? (await table.add(batch), table) : await database.createTable('passages', batch);
  }
  const written = bytesBelow(index);
  await table.createIndex('text', {
    config: lancedb.Index.fts({ withPosition: false, baseTokenizer: 'whitespace', lowercase: false, stem: false, removeStopWords: false, asciiFolding: false }),
    waitTimeoutSeconds: 3600,
  });
  const cpu = process.cpuUsage();
  print('build', {
    build_cpu_s: round((cpu.user + cpu.system) / 1e6), build_wall_s: round((performance.now() - start) / 1e3),
    index_bytes: bytesBelow(index) - written, table_bytes: written,
  });
}

async function* batches() {
  let [ids, texts, id] = [[], [], 0];
  for await (const line of createInterface({ input: createReadStream(join(corpus, 'corpus.txt')) })) {
    ids.push(id++);
    texts.push(line);
    if (ids.length === rowsPerBatch) {
      yield asTable(ids, texts);
      [ids, texts] = [[], []];
    }
  }
  if (ids.length > 0) {
    yield asTable(ids, texts);
  }
}

function asTable(ids, texts) {
  return new arrow.Table({ id: arrow.vectorFromArray(ids, new arrow.Int32()), text: arrow.vectorFromArray(texts, new arrow.Utf8()) });
}

async function query(limit, passes) {
  const table = await (await lancedb.connect(index)).openTable('passages');
  await table.prewarmIndex('text_idx');
  const ids = step === 'query' ? await idsByRow(table) : null;
  for (const [queries, file] of [['queries', 'queries.txt'], ['content', 'queries-content.txt']]) {
    const texts = readFileSync(join(corpus, file), 'utf8').split('\n').filter((line) => line.length > 0).slice(0, limit);
    for (const k of [10, 100, 1000]) {
      const cpu = texts.map(() => []);
      const wall = texts.map(() => []);
      for (let pass = 0; pass < passes; pass++) {
        for (const [i, text] of texts.entries()) {
          const cpuStart = process.cpuUsage();
          const wallStart = performance.now();
          await search(table, text, k);
          const used = process.cpuUsage(cpuStart);
          if (pass > 0) {
            wall[i].push(performance.now() - wallStart);
            cpu[i].push((used.user + used.system) / 1e3);
          }
        }
      }
      print('query', {
        queries, k, count: texts.length,
        cpu_p50_ms: quantile(cpu, 0.5), cpu_p95_ms: quantile(cpu, 0.95), wall_p50_ms: quantile(wall, 0.5), wall_p95_ms: quantile(wall, 0.95),
        overlap10: queries === 'queries' && k === 10 ? await overlapAt10(table, ids, texts) : null,
      });
    }
  }
}

// Row numbers and scores alone come from the index; a column would be read from the table.
function search(table, text, k) {
  return table.query().fullTextSearch(new lancedb.MatchQuery(text, 'text')).fastSearch().select(['_score']).withRowId().limit(k).toArrow();
}

async function idsByRow(table) {
  const rows = await table.query().select(['id']).withRowId().toArrow();
  const [ids, numbers] = [rows.getChild('id').toArray(), rows.getChild('_rowid').toArray()];
  return new Map(Array.from(numbers, (number, i) => [number, ids[i]]));
}

async function overlapAt10(table, ids, texts) {
  const path = join(corpus, 'top10.txt');
  if (!existsSync(path)) {
    return null;
  }
  const best = readFileSync(path, 'utf8').split('\n').map((line) => new Set(line.split(' ').map((hit) => Number(hit.split(':')[0]))));
  let sum = 0;
  for (const [i, text] of texts.entries()) {
    const rows = (await search(table, text, 10)).getChild('_rowid').toArray();
    sum += Array.from(rows).filter((row) => best[i].has(ids.get(row))).length / best[i].size;
  }
  return round(sum / texts.length, 4);
}

function quantile(times, q) {
  const perQuery = times.map((of) => of.sort((a, b) => a - b)[of.length >> 1]).sort((a, b) => a - b);
  return round(perQuery[Math.min(perQuery.length - 1, Math.floor(q * perQuery.length))], 4);
}

function bytesBelow(path) {
  return readdirSync(path, { recursive: true }).map((file) => statSync(join(path, file))).reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}

function round(value, digits = 2) {
  return Number(value.toFixed(digits));
}

function print(name, figures) {
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  console.log(JSON.stringify({
    engine: `LanceDB ${version}`, corpus: basename(resolve(corpus)), step: name, ...figures,
    peak_rss_mb: Math.floor((peak * 1024) / 1e6), load: round(loadavg()[0]),
  }));
}

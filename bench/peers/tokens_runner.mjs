// Token counting by npm's tiktoken (wasm) and gpt-tokenizer: `ENGINE ENCODING PASSAGES ROUNDS`. Counts the {"text"} lines one by one, as `tokens` does.
// PEERS_MODULES is the folder of node_modules.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const modules = join(resolve(process.env.PEERS_MODULES ?? '.'), 'node_modules');
const require = createRequire(join(modules, 'index.js'));
const [engine, encoding, file, roundCount] = process.argv.slice(2);
const passages = readFileSync(file, 'utf8').split('\n').filter((line) => line).map((line) => JSON.parse(line).text);
const bytes = passages.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
const count = await counter();

const times = [];
let tokens = 0;
// Rounds before the first let the compiler finish its work.
for (let round = -2; round < Number(roundCount); round++) {
  const start = process.cpuUsage();
  tokens = 0;
  for (const text of passages) {
    tokens += count(text);
  }
  const used = process.cpuUsage(start);
  if (round >= 0) {
    times.push(used.user + used.system);
  }
}

times.sort((a, b) => a - b);
const version = JSON.parse(readFileSync(join(modules, engine, 'package.json'))).version;
console.log(JSON.stringify({
  engine: `${engine} ${version}`, vocabulary: encoding, bytes, tokens,
  megabytesPerSecond: rate(times[times.length >> 1]), best: rate(times[0]),
}));

async function counter() {
  if (engine === 'tiktoken') {
    const encoder = require('tiktoken').get_encoding(encoding);
    return (text) => encoder.encode_ordinary(text).length;
  }
  const { countTokens } = require(`gpt-tokenizer/encoding/${encoding}`);
  return (text) => countTokens(text);
}

function rate(microseconds) {
  return Math.round((bytes / microseconds) * 10) / 10;
}

#!/usr/bin/env bash
# Counting tokens beside npm's tiktoken and gpt-tokenizer on the same passages in one run: bench/README.md, "tokens".
# usage: tokens.sh VOCABULARIES [DIR]    VOCABULARIES holds cl100k_base.tiktoken and o200k_base.tiktoken
# environment: REAL=folder MEGABYTES=8 ROUNDS=7 TURNS=2 CORE=1
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vocabularies=$(realpath "${1:?name the folder of cl100k_base.tiktoken and o200k_base.tiktoken}")
work=$(realpath -m "${2:-${TMPDIR:-/tmp}/agentrag-bench}")/tokens
rounds=${ROUNDS:-7} core=${CORE:-1}
export PEERS_MODULES=$work
mkdir -p "$work"
if [[ ! -d $work/node_modules/gpt-tokenizer ]]; then
  npm install --prefix "$work" --no-fund --no-audit tiktoken@1.0.22 gpt-tokenizer@4.0.0 >&2
fi
if [[ -z ${AGENTRAG_BENCHMARKS:-} ]]; then
  dotnet build -c Release "$here/../AgentRag.Benchmarks" >&2
  AGENTRAG_BENCHMARKS=$here/../AgentRag.Benchmarks/bin/Release/net10.0/AgentRag.Benchmarks
fi
"$AGENTRAG_BENCHMARKS" tokens --text "$work/passages.jsonl" ${REAL:+--real "$REAL"} --megabytes "${MEGABYTES:-8}" --text-only

echo "$(date -u +%F), $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1), single thread on core $core; load average $(cut -d' ' -f1-3 /proc/loadavg)"
# Engine after engine, and again: what else the machine does then falls on all of them.
for ((turn = 1; turn <= ${TURNS:-2}; turn++)); do
  for encoding in cl100k_base o200k_base; do
    taskset -c "$core" "$AGENTRAG_BENCHMARKS" tokens --vocabulary "$vocabularies/$encoding.tiktoken" --text "$work/passages.jsonl" --rounds "$rounds"
    for engine in tiktoken gpt-tokenizer; do
      taskset -c "$core" node "$here/tokens_runner.mjs" "$engine" "$encoding" "$work/passages.jsonl" "$rounds"
    done
  done
done

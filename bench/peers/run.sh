#!/usr/bin/env bash
# AgentRag beside Lucene, LanceDB, Xapian and SQLite FTS5 on the same corpora in one run: bench/README.md, "Peers".
# usage: run.sh [DIR]    environment: SIZES=100k,1m REAL=folder ROUNDS=2 ENGINES="lucene lancedb xapian sqlite" CORE=1
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
data=$(realpath -m "${1:-${TMPDIR:-/tmp}/agentrag-bench}")
sizes=${SIZES-100k} real=${REAL:-} rounds=${ROUNDS:-2} core=${CORE:-1}
read -ra engines <<<"${ENGINES:-lucene lancedb xapian sqlite}"
work=$data/peers
results=$work/results.jsonl
java_path=/usr/share/java/lucene-core-8.7.0.jar:/usr/share/java/lucene-analyzers-common-8.7.0.jar
lancedb_version=0.37.1 arrow_version=18.1.0
python=/usr/bin/python3 # Debian's, which sees python3-xapian
export PEERS_MODULES=$work LANCE_CPU_THREADS=1 TOKIO_WORKER_THREADS=1 RAYON_NUM_THREADS=1 XAPIAN_FLUSH_THRESHOLD=100000

say() { echo "$*" >&2; }
has() { [[ " ${engines[*]} " == *" $1 "* ]]; }

install_missing() {
  local packages=()
  ! has lucene || [[ -e ${java_path%%:*} ]] || packages+=(liblucene8-java)
  ! has lucene || command -v javac >/dev/null || packages+=(default-jdk-headless)
  ! has xapian || "$python" -c 'import xapian' 2>/dev/null || packages+=(python3-xapian)
  if ((${#packages[@]})); then
    say "installing with apt-get: ${packages[*]}"
    # A fresh machine may know no package list yet.
    apt-get update -qq >&2
    apt-get install -y -qq "${packages[@]}" >&2
  fi
  if has lancedb && [[ ! -d $work/node_modules/@lancedb ]]; then
    say "installing with npm below $work: @lancedb/lancedb $lancedb_version, apache-arrow $arrow_version"
    npm install --prefix "$work" --no-fund --no-audit "@lancedb/lancedb@$lancedb_version" "apache-arrow@$arrow_version" >&2
  fi
  ! has lucene || javac -cp "$java_path" -d "$work/classes" "$here/LuceneRunner.java"
}

# run ENGINE build|query CORPUS INDEX [QUERIES PASSES], all on one core
run() {
  local engine=$1
  shift
  case $engine in
    agentrag) taskset -c "$core" "$python" "$here/agentrag_runner.py" "$@" ;;
    lucene) taskset -c "$core" java -Xmx2g -XX:+UseSerialGC -cp "$java_path:$work/classes" LuceneRunner "$@" ;;
    lancedb) taskset -c "$core" node "$here/lancedb_runner.mjs" "$@" ;;
    *) taskset -c "$core" "$python" "$here/${engine}_runner.py" "$@" ;;
  esac
}

# Queries and passes by engine: as many as end in minutes.
effort() {
  case $1 in
    agentrag | lucene) echo "1000 5" ;;
    lancedb) echo "500 4" ;;
    xapian) echo "200 3" ;;
    sqlite) echo "10 2" ;;
  esac
}

mkdir -p "$work"
install_missing
if [[ -z ${AGENTRAG_BENCHMARKS:-} ]]; then
  dotnet build -c Release "$here/../AgentRag.Benchmarks" >&2
  AGENTRAG_BENCHMARKS=$here/../AgentRag.Benchmarks/bin/Release/net10.0/AgentRag.Benchmarks
fi
export AGENTRAG_BENCHMARKS
"$AGENTRAG_BENCHMARKS" lexical --data "$data" --sizes "$sizes" ${real:+--real "$real"} --generate-only >&2

corpora=()
for size in ${sizes//,/ }; do corpora+=("s$size"); done
[[ -z $real ]] || corpora+=(r1m)
: >"$results"
for corpus in "${corpora[@]}"; do
  # A build is kept with its figures, so that a second run measures queries alone; delete ENGINE-CORPUS.build.json to build again.
  for engine in agentrag "${engines[@]}"; do
    built=$work/$engine-$corpus.build.json
    if [[ ! -s $built ]]; then
      say "$corpus: building $engine, load $(cut -d' ' -f1-3 /proc/loadavg)"
      run "$engine" build "$data/$corpus" "$work/$engine-$corpus" >"$built.new"
      mv "$built.new" "$built"
    fi
    cat "$built" | tee -a "$results"
  done
  # Engine after engine, and again: what else the machine does then falls on all of them.
  for ((round = 1; round <= rounds; round++)); do
    for engine in agentrag "${engines[@]}"; do
      # SQLite takes minutes for what the others do in seconds: once is enough.
      [[ $engine != sqlite || $round == 1 ]] || continue
      read -r queries passes < <(effort "$engine")
      say "$corpus: round $round, $engine, $queries queries, load $(cut -d' ' -f1-3 /proc/loadavg)"
      run "$engine" query "$data/$corpus" "$work/$engine-$corpus" "$queries" "$passes" | tee -a "$results"
    done
  done
done

echo
nproc=$(nproc) model=$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1)
echo "$(date -u +%F), $nproc x $model, single thread on core $core; load average now $(cut -d' ' -f1-3 /proc/loadavg)"
echo
"$python" "$here/table.py" <"$results"

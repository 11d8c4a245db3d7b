#!/usr/bin/env bash
# The public conformance suite against AgentRag's HTTP face. Not part of the gate: it needs npm and node 22 (NODE names one; 'npm i node@22' has it).
# tests/AgentRag.Conformance/run.sh [FOLDER]     FOLDER: where the suite is installed to, or is already (default: artifacts/conformance)
# Ends with 1 when a scenario fails that is not in expected-failures-*.yml, or one in there passes.
set -uo pipefail
here=$(realpath "$(dirname "$0")")
folder=$(realpath -m "${1:-$here/../../artifacts/conformance}")
node=${NODE:-node}
port=${PORT:-18927}
[ "$("$node" -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 22 ] || { echo "$node is $("$node" --version 2>&1 | head -n 1); the suite needs 22 or later: 'npm i --prefix DIR node@22', then NODE=DIR/node_modules/node/bin/node $0" >&2; exit 2; }
dotnet build "$here" -c Release -v q -nologo || exit 1
dotnet exec "$here/bin/Release/net10.0/AgentRag.Conformance.dll" "$port" &
server=$!
trap 'kill $server' EXIT
status=0

suite() {
  local version=$1 baseline=$here/$2
  shift 2
  if [ ! -d "$folder/$version" ]; then
    mkdir -p "$folder/$version"
    echo '{}' >"$folder/$version/package.json"
    npm install --silent --prefix "$folder/$version" "@modelcontextprotocol/conformance@$version" || { status=1; return; }
  fi
  "$node" "$folder/$version/node_modules/@modelcontextprotocol/conformance/dist/index.js" server --url "http://127.0.0.1:$port/mcp" --expected-failures "$baseline" "$@" || status=1
}

for _ in $(seq 50); do
  curl -sf "http://127.0.0.1:$port/healthz" >/dev/null && break
  sleep 0.2
done
suite 0.1.16 expected-failures-2025-11-25.yml
suite 0.2.0-alpha.12 expected-failures-2026-07-28.yml --requirements 2026-07-28
exit $status

#!/usr/bin/env bash
# Every tool, resource and prompt through the MCP Inspector, in both protocol eras, over stdio or HTTP. Not part of the gate: it needs npm.
# tests/Clients/inspector.sh INDEX [URL]     INDEX: a folder that 'agentrag index' made; URL: a running 'agentrag mcp --http', such as http://127.0.0.1:8080/mcp
# INSPECTOR names the command (default: npx -y @modelcontextprotocol/inspector@2.12.0), AGENTRAG the server's.
set -uo pipefail
[ -f "${1:-}/index.json" ] || { echo "usage: $0 INDEX [URL]; INDEX: a folder that 'agentrag index' made" >&2; exit 2; }
index=$(realpath "$1")
cd "$(dirname "$0")/../.."
url=${2:-}
inspector=${INSPECTOR:-npx -y @modelcontextprotocol/inspector@2.12.0}
agentrag=${AGENTRAG:-$PWD/src/AgentRag.Cli/bin/Release/net10.0/AgentRag.Cli}
status=0
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

call() {
  local era=$1 wanted=$2
  shift 2
  # The Inspector hands on none of its own variables.
  local target=("$agentrag" mcp -e AGENTRAG_INDEX="$index")
  [ -z "$url" ] || target=("$url" --transport http ${AGENTRAG_HTTP_TOKEN:+--header "Authorization: Bearer $AGENTRAG_HTTP_TOKEN"})
  output=$($inspector --cli "${target[@]}" --protocol-era "$era" --format json -q "$@" 2>"$errors")
  local got=$?
  if [ "$got" -eq "$wanted" ]; then
    echo "ok   $era $* ($(printf %s "$output" | wc -c) bytes)"
  else
    echo "FAIL $era $* ended with $got instead of $wanted: $(tail -n 1 "$errors")"
    status=1
  fi
}

# A field of the last output, by a path such as .structuredContent.state; empty when it is not there.
field() { printf %s "$output" | node -e 'let v=JSON.parse(require("fs").readFileSync(0,"utf8"));v=v.result??v;for(const p of process.argv[1].split(".").filter(Boolean))v=v?.[p];process.stdout.write(v==null?"":String(v))' "$1"; }

for era in legacy modern; do
  call $era 0 --method tools/list --strict
  call $era 0 --method tools/call --tool-name retrieve --tool-arg query="passages of the documents" --tool-arg k=2
  passage=$(field .structuredContent.passages.0.passageId)
  document=$(field .structuredContent.passages.0.documentId)
  call $era 0 --method tools/call --tool-name retrieve --tool-args-json '{"q":"passages","k":"2","scope":null,"response_format":"concise"}'
  call $era 0 --method tools/call --tool-name read_passage --tool-args-json "{\"id\":\"$passage\"}"
  call $era 0 --method tools/call --tool-name list_sources --tool-arg max_tokens=400
  call $era 0 --method tools/call --tool-name decompose --tool-arg question="Who maintains the project that the runtime was donated to?"
  call $era 0 --method tools/call --tool-name allocate_budget --tool-arg budget=32768
  call $era 0 --method tools/call --tool-name answer_with_demonstrations --tool-arg question="What is a container runtime?" --tool-arg k=3
  call $era 0 --method tools/call --tool-name answer --tool-arg question="Who maintains the project that the runtime was donated to?" --tool-arg k=2
  state=$(field .structuredContent.state)
  call $era 0 --method tools/call --tool-name answer --tool-args-json "{\"state\":\"$state\",\"reply\":\"So the final answer is: nobody\"}"
  [ "$(field .structuredContent.answer)" = nobody ] || { echo "FAIL $era the turn did not end with the reply"; status=1; }
  call $era 5 --method tools/call --tool-name answer --tool-args-json "{\"state\":\"x$state\",\"reply\":\"So the final answer is: nobody\"}"
  call $era 0 --method tools/call --tool-name index_documents --tool-arg action=status
  call $era 5 --method tools/call --tool-name retrieve --tool-arg query=x --tool-arg k=5000
  call $era 0 --method resources/list
  call $era 0 --method resources/templates/list
  call $era 0 --method resources/read --uri "agentrag://document/$(node -p 'encodeURIComponent(process.argv[1])' "$document")"
  call $era 0 --method prompts/list
  call $era 0 --method prompts/get --prompt-name iterdrag --prompt-args question=why
done
exit $status

#!/usr/bin/env bash
# cold-start.sh [ROUNDS]: packs and installs the tool as README.md says, compiles the smallest server ahead of time, and starts both in turn.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rid=$(dotnet msbuild src/AgentRag.Cli -getProperty:NETCoreSdkPortableRuntimeIdentifier)
dotnet pack -c Release src/AgentRag.Cli -o "$work/packages" -v q -nologo
version=$(dotnet msbuild src/AgentRag.Cli -getProperty:Version)
NUGET_PACKAGES="$work/cache" dotnet tool install AgentRag.Cli --version "$version" --tool-path "$work/tool" --add-source "$work/packages" > "$work/install.log" || { cat "$work/install.log"; exit 1; }
dotnet publish bench/SmallestServer -c Release -r "$rid" -o "$work/smallest" -v q -nologo
dotnet build bench/AgentRag.Benchmarks -c Release -v q -nologo
dotnet run -c Release --no-build --project bench/AgentRag.Benchmarks -- cold-start --rounds "${1:-40}" \
  "smallest=$work/smallest/SmallestServer" "smallest, one tool=$work/smallest/SmallestServer tool" "smallest, all handlers=$work/smallest/SmallestServer handlers" \
  "agentrag mcp=$work/tool/agentrag mcp" "agentrag mcp, portable=dotnet $(find "$work/tool" -path '*/any/AgentRag.Cli.dll') mcp"

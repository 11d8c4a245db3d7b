namespace AgentRag.EndToEnd.Tests.Readme;

/// <summary>What the README's commands need beside a folder, and which of them cannot run here. Every other command is run as it stands.</summary>
internal static class ReadmeExceptions
{
    /// <summary>Commands that are not run, each with its reason.</summary>
    public static IReadOnlyDictionary<string, string> NotRun { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["dotnet pack -c Release src/AgentRag.Cli -o artifacts"] = "InstalledToolTests packs, installs into a folder and runs what was installed",
        ["dotnet tool install --global AgentRag.Cli --add-source artifacts --version 0.1.0"] = "installs for the whole user; InstalledToolTests does it for a folder",
        ["dotnet run -c Release --project src/AgentRag.Cli -- demo"] = "builds; the gate (.ci/run) runs it on what it has built",
        ["dotnet test -c Release"] = "is what runs this",
        ["agentrag demo"] = "takes long; OtherCommandsTests and the gate run it",
        ["agentrag tokenizer download o200k_base"] = "needs the network",
        ["agentrag index docs --tokenizer o200k_base"] = "needs the vocabulary that the command before it downloads",
        ["AGENTRAG_QDRANT_URL=http://127.0.0.1:6333 dotnet test tests/AgentRag.Tests --filter \"FullyQualifiedName~QdrantContractTests\""] = "needs a Qdrant; without one the same tests run against a server of their own",

        // Of these the sentence tells the beginning alone.
        ["agentrag index PATH... [--watch]"] = "a form, not a command",
        ["agentrag mcp [--http ADDRESS]"] = "a form, not a command",
        ["agentrag serve-model FILE.gguf"] = "a form, not a command",
        ["agentrag demos build"] = "a name; the section on demonstrations has it whole",
        ["agentrag evaluate"] = "a name; the section on evaluation has it whole",
        ["agentrag fit"] = "a name; the section on evaluation has it whole",
        ["agentrag init"] = "a name; the section on clients has it whole",
    };

    /// <summary>Commands that serve until they are told to end, known by a part of them, and what they say once they do.</summary>
    public static IReadOnlyList<(string Part, string Sign)> Serving { get; } =
    [
        ("--watch", "Watching "),
        ("agentrag mcp --index .agentrag --http", "serving MCP at "),
        ("agentrag serve-model", "contexts of "),
    ];

    /// <summary>What the README takes for given in a section, made beforehand.</summary>
    public static IReadOnlyList<(string Section, string Command)> Before { get; } =
    [
        ("Evaluate, report, fit, allocate", "agentrag evaluate --questions test.jsonl --strategy drag,iterdrag --k 5 --m 2 --n 3 --run runs/today"),
        ("Cache", "agentrag ask \"Who launched the Queen of Skarrow?\" --cache cache"),
    ];

    /// <summary>What the README says that a command shows.</summary>
    public static IReadOnlyDictionary<string, string> Shown { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["agentrag ask \"When did the composer of the Ithrel Symphony die?\""] = "1924",
        ["curl 127.0.0.1:8080/v1/tools/retrieve -H 'Content-Type: application/json' -d '{\"query\":\"Who launched the Queen of Skarrow?\",\"k\":2}'"] = "Queen of Skarrow",
        ["agentrag retrieve \"bridge\" --filter author=\"Ada Venn\" --filter year=1871"] = "The bridge of Orm",
        ["agentrag doctor --client claude-code"] = "8 tools over ",
    };
}

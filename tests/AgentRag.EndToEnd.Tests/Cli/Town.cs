using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

/// <summary>A few documents about a town that does not exist, and questions about them.</summary>
internal static class Town
{
    public static Agentrag With(params (string Path, string Text)[] more)
    {
        var agentrag = new Agentrag();
        agentrag.Write("docs/orm.md", "# Orm\n\nOrm is a harbour town on the Lisk. Its lighthouse was built by Ada Venn in 1871.\n");
        agentrag.Write("docs/people/ada-venn.md", "# Ada Venn\n\nAda Venn was an engineer. Ada Venn was born in Tarrow.\n");
        agentrag.Write("docs/tarrow.txt", "Tarrow is a village of weavers.\n");
        agentrag.Write("docs/rows.jsonl", """{"id":"row-1","title":"Café Ørn","text":"The Café Ørn in Orm serves 夕食."}""" + "\n");
        agentrag.Write(
            "questions.jsonl",
            """
            {"id":"q2","question":"Who built the lighthouse of Orm?","answers":["Ada Venn"],"supporting":["orm"]}
            {"id":"q1","question":"What is served in the Café Ørn?","answers":["夕食"],"supporting":["row-1"]}
            """);
        foreach (var (path, text) in more)
        {
            agentrag.Write(path, text);
        }

        return agentrag;
    }

    public static async Task<Agentrag> IndexedAsync(params (string Path, string Text)[] more)
    {
        var agentrag = With(more);
        var indexed = await agentrag.RunAsync("index", "docs");
        Assert.Equal(0, indexed.ExitCode);
        return agentrag;
    }
}

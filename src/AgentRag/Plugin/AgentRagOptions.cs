using AgentRag.Answering;

namespace AgentRag.Plugin;

/// <summary>What a program that takes AgentRag from its services configures. Checked as a whole when the program starts.</summary>
public sealed class AgentRagOptions
{
    /// <summary>The folder that holds the index, as <c>agentrag index</c> makes it. Default <c>.agentrag</c>.</summary>
    public string IndexDirectory { get; set; } = ".agentrag";

    /// <summary><c>linked</c> (words, and links between passages) or <c>bm25</c> (words alone). Default <c>linked</c>.</summary>
    public string Retriever { get; set; } = "linked";

    /// <summary>A folder with prompts that replace the shipped ones of the same file name; null for none. Default null.</summary>
    public string? Prompts { get; set; }

    /// <summary>A file of labelled questions over the indexed documents, as worked examples; null for none. Default null.</summary>
    public string? Demonstrations { get; set; }

    /// <summary>Whose model answers. Default: the <c>IChatClient</c> among the services.</summary>
    public AnsweringMode Mode { get; set; }

    /// <summary>Most input tokens over all requests of a question. Default 65,536.</summary>
    public long MaxEffectiveContextTokens { get; set; } = new TokenBudgetOptions().MaxEffectiveContextTokens;

    /// <summary>The model's context window. Default 131,072.</summary>
    public int ContextWindowTokens { get; set; } = new TokenBudgetOptions().ContextWindowTokens;

    /// <summary>Kept free for each answer. Default 512.</summary>
    public int ReservedAnswerTokens { get; set; } = new TokenBudgetOptions().ReservedAnswerTokens;

    /// <summary>How long a tool may take. Default 45 s.</summary>
    public TimeSpan CallDeadline { get; set; } = TimeSpan.FromSeconds(45);

    internal TokenBudgetOptions Budget => new()
    {
        MaxEffectiveContextTokens = MaxEffectiveContextTokens,
        ContextWindowTokens = ContextWindowTokens,
        ReservedAnswerTokens = ReservedAnswerTokens,
    };

    /// <summary>What is wrong with the values; length ≥ 0.</summary>
    internal IReadOnlyList<string> Problems()
    {
        List<string> problems = [];
        Require(!string.IsNullOrWhiteSpace(IndexDirectory), "IndexDirectory is empty, must be the folder of an index");
        Require(Retriever is "linked" or "bm25", $"Retriever is '{Retriever}', must be linked or bm25");
        Require(Prompts is null || Directory.Exists(Prompts), $"Prompts: there is no folder '{Prompts}'");
        Require(Demonstrations is null || File.Exists(Demonstrations), $"Demonstrations: there is no file '{Demonstrations}'");
        Require(CallDeadline > TimeSpan.Zero, $"CallDeadline is {CallDeadline}, must be more than nothing");
        Require(Mode is AnsweringMode.Chat or AnsweringMode.Host, $"Mode is {Mode}, must be Chat or Host");
        try
        {
            Budget.Validated();
        }
        catch (AgentRagException e)
        {
            problems.Add(e.Message.TrimEnd('.'));
        }

        return problems;

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}

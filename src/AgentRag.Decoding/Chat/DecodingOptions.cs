using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Speculation;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Chat;

/// <summary>How an in-process model comes to its tokens.</summary>
public enum DecodingMode
{
    /// <summary>One token after the other.</summary>
    Plain,

    /// <summary>Drafts from the predicted answer if the request has one, from the second model if there is one, else from the prompt's own text.</summary>
    Speculative,

    /// <summary>Drafts from a model that reads only the parts of the prompt that belong to the question (RAPID, arXiv 2502.20330).</summary>
    Rapid,

    /// <summary>Chunks of the prompt's long text stand in it as one embedding each (REFRAG, arXiv 2509.01092); needs an adapter trained for the model.</summary>
    Refrag,
}

/// <summary>How an in-process model decodes one request.</summary>
/// <remarks>The defaults never change a text: they only make it come faster, or switch themselves off.</remarks>
public sealed record DecodingOptions
{
    private const string Key = "agentrag.decoding";

    /// <summary>Where drafts come from. Default <see cref="DecodingMode.Speculative"/>.</summary>
    public DecodingMode Mode { get; init; } = DecodingMode.Speculative;

    /// <summary>How drafts are taken over. Default <see cref="AcceptanceRule.Sampled"/>, which changes nothing in the text.</summary>
    public AcceptanceRule Rule { get; init; } = AcceptanceRule.Sampled;

    /// <summary>How far the target leans towards the drafter under <see cref="AcceptanceRule.Paper"/> and <see cref="AcceptanceRule.ExactAugmented"/>, in [0, 1000]. Default 5, the least of the paper's.</summary>
    public double Eta { get; init; } = 5;

    /// <summary>Whether <see cref="Eta"/> goes down to 0 as the retrieved parts cover less of the question. Default true: a target that leans towards a drafter that read the wrong parts follows it.</summary>
    public bool GatesEta { get; init; } = true;

    /// <summary>Equation 9's alpha, in [0, 1]. Default 0.1, the paper's.</summary>
    public double TailShare { get; init; } = 0.1;

    /// <summary>Drafts of a round, in [1, 64]; null (default) to choose by measured times. Under every rule but <see cref="AcceptanceRule.Sampled"/> a seed gives the same text only when it is set.</summary>
    public int? DraftTokens { get; init; }

    /// <summary>A model stops drafting where its likeliest token has less than this, in [0, 1]. Default 0.1, as in the paper's code.</summary>
    public double LeastConfidence { get; init; } = 0.1;

    /// <summary>What RAPID's drafter reads.</summary>
    public DraftContextOptions DraftContext { get; init; } = new();

    /// <summary>What <see cref="DecodingMode.Refrag"/> compresses and expands.</summary>
    public RefragOptions Refrag { get; init; } = new();

    /// <summary>The question that parts of the prompt are chosen by; null to take it from the request.</summary>
    public string? Question { get; init; }

    /// <summary>A text that the answer is expected to be like, as in OpenAI's <c>prediction</c>; null for none.</summary>
    public string? Prediction { get; init; }

    /// <summary>Attaches these options to the options of a chat request.</summary>
    /// <param name="options">The options that are sent along.</param>
    public void AttachTo(ChatOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (options.AdditionalProperties ??= [])[Key] = this;
    }

    /// <summary>Finds the options attached to a request.</summary>
    /// <param name="options">Options of a chat request, or null.</param>
    /// <returns>The options, or null when none are attached.</returns>
    public static DecodingOptions? From(ChatOptions? options) =>
        options?.AdditionalProperties?.TryGetValue(Key, out var value) is true ? value as DecodingOptions : null;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public DecodingOptions Validated()
    {
        List<string> problems = [];
        Require(Eta is >= 0 and <= 1_000, $"Eta is {Eta}, must be in [0, 1000]");
        Require(TailShare is >= 0 and <= 1, $"TailShare is {TailShare}, must be in [0, 1]");
        Require(DraftTokens is null or (>= 1 and <= 64), $"DraftTokens is {DraftTokens}, must be in [1, 64]");
        Require(LeastConfidence is >= 0 and <= 1, $"LeastConfidence is {LeastConfidence}, must be in [0, 1]");
        Require(DraftContext.LeastTokens >= 1, $"DraftContext.LeastTokens is {DraftContext.LeastTokens}, must be at least 1");
        Require(DraftContext.Shortens >= 1, $"DraftContext.Shortens is {DraftContext.Shortens}, must be at least 1");
        Require(DraftContext.ChunkTokens >= 8, $"DraftContext.ChunkTokens is {DraftContext.ChunkTokens}, must be at least 8");
        Require(DraftContext.LeastScore is >= 0 and <= 1, $"DraftContext.LeastScore is {DraftContext.LeastScore}, must be in [0, 1]");
        Require(Refrag.ExpandedShare is >= 0 and <= 1, $"Refrag.ExpandedShare is {Refrag.ExpandedShare}, must be in [0, 1]");
        Require(Refrag.KeptFirstTokens >= 0 && Refrag.KeptLastTokens >= 0, $"Refrag keeps {Refrag.KeptFirstTokens} and {Refrag.KeptLastTokens} tokens, must be at least 0");
        return problems.Count == 0 ? this : throw new AgentRagException($"Decoding: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}

/// <summary>What a reply cost, and whether its distribution is the model's own.</summary>
public sealed record DecodingReport
{
    internal const string Key = "agentrag.decoding.report";

    /// <summary>Where drafts came from: <c>none</c>, <c>prompt</c>, <c>prediction</c>, <c>draft model</c>, <c>retrieved context</c>, or the last with a draft model.</summary>
    public required string Drafter { get; init; }

    /// <summary>How drafts were taken over.</summary>
    public required AcceptanceRule Rule { get; init; }

    /// <summary>True when every token follows the model's own distribution for the whole prompt; false when it leans towards a drafter, or the prompt was compressed.</summary>
    public required bool IsExact { get; init; }

    /// <summary>The eta in effect, after gating.</summary>
    public required double Eta { get; init; }

    /// <summary>Share of the question that the retrieved parts cover, in [0, 1]; null where nothing was retrieved.</summary>
    public double? Coverage { get; init; }

    /// <summary>Tokens of the prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Of them held from a request before.</summary>
    public required int ReusedTokens { get; init; }

    /// <summary>Tokens of the drafter's prompt; 0 when no model drafts.</summary>
    public required int DraftPromptTokens { get; init; }

    /// <summary>Chunks that stand in the prompt as one embedding each.</summary>
    public int CompressedChunks { get; init; }

    /// <summary>Chunks that were to be compressed and stand there as tokens.</summary>
    public int ExpandedChunks { get; init; }

    /// <summary>Tokens generated, an end token included.</summary>
    public required int GeneratedTokens { get; init; }

    /// <summary>Runs of the model.</summary>
    public required int Rounds { get; init; }

    /// <summary>Tokens drafted.</summary>
    public required int DraftedTokens { get; init; }

    /// <summary>Of them taken over.</summary>
    public required int AcceptedTokens { get; init; }

    /// <summary>Time until the first token.</summary>
    public required TimeSpan TimeToFirstToken { get; init; }

    /// <summary>Mean time between tokens after the first.</summary>
    public required TimeSpan TimePerToken { get; init; }

    /// <summary>Finds the report of a reply.</summary>
    /// <param name="response">The reply.</param>
    /// <returns>The report; null when an in-process model did not make the reply.</returns>
    public static DecodingReport? From(ChatResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.Messages.Select(message => message.AdditionalProperties).Append(response.AdditionalProperties)
            .Select(properties => properties?.TryGetValue(Key, out var value) is true ? value as DecodingReport : null)
            .FirstOrDefault(report => report is not null);
    }
}

using System.Text.Json;
using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Speculation;

namespace AgentRag.Decoding.Serving;

/// <summary>The object <c>x_decoding</c> by which a request over HTTP says how it is decoded.</summary>
/// <remarks>
/// <c>{"mode": "plain" | "speculative" | "rapid" | "refrag", "gamma": "auto" | n, "eta": x, "tail_alpha": x, "augment": "lossless" | "rejection" | "paper" | "exact",
/// "gate_eta": bool, "question": text, "draft_context": {"max_tokens": n, "chunk": n, "min_score": x},
/// "refrag": {"expand": x, "policy": "none" | "query" | "rl" | "ppl" | "random", "keep_first": n, "keep_last": n}}</c>; everything may be left out.
/// </remarks>
internal static class DecodingJson
{
    /// <summary>Reads the object over given defaults.</summary>
    /// <exception cref="AgentRagException">It holds what is not known, or a value of the wrong kind.</exception>
    public static DecodingOptions Read(JsonElement json, DecodingOptions defaults)
    {
        var options = defaults;
        foreach (var field in Fields(json, "x_decoding"))
        {
            var value = field.Value;
            options = field.Name switch
            {
                "mode" => options with { Mode = Mode(value) },
                "gamma" => options with { DraftTokens = value.ValueKind == JsonValueKind.String && value.GetString() == "auto" ? null : Integer(value, field.Name) },
                "eta" => options with { Eta = Number(value, field.Name) },
                "tail_alpha" => options with { TailShare = Number(value, field.Name) },
                "augment" => options with { Rule = Rule(value) },
                "gate_eta" => options with { GatesEta = value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(field.Name, "true or false") },
                "question" => options with { Question = value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(field.Name, "a text") },
                "refrag" => options with { Refrag = ReadRefrag(value, options.Refrag) },
                "draft_context" => options with { DraftContext = ReadContext(value, options.DraftContext) },
                _ => throw new AgentRagException($"x_decoding has no field '{field.Name}': it knows mode, gamma, eta, tail_alpha, augment, gate_eta, question, draft_context and refrag."),
            };
        }

        return options.Validated();
    }

    /// <summary>Writes what a reply cost.</summary>
    public static object Write(DecodingReport report) => new
    {
        drafter = report.Drafter,
        distribution = report.IsExact ? "exact" : "augmented",
        augment = Name(report.Rule),
        eta = report.Eta,
        coverage = report.Coverage,
        prompt_tokens = report.PromptTokens,
        prefill_tokens = report.PromptTokens - report.ReusedTokens,
        draft_prompt_tokens = report.DraftPromptTokens,
        compressed_chunks = report.CompressedChunks,
        expanded_chunks = report.ExpandedChunks,
        rounds = report.Rounds,
        drafted = report.DraftedTokens,
        accepted = report.AcceptedTokens,
        ttft_ms = report.TimeToFirstToken.TotalMilliseconds,
        ttit_ms = report.TimePerToken.TotalMilliseconds,
    };

    private static DraftContextOptions ReadContext(JsonElement json, DraftContextOptions context)
    {
        foreach (var field in Fields(json, "x_decoding.draft_context"))
        {
            context = field.Name switch
            {
                "max_tokens" => context with { LeastTokens = Integer(field.Value, field.Name), Shortens = int.MaxValue },
                "chunk" => context with { ChunkTokens = Integer(field.Value, field.Name) },
                "min_score" => context with { LeastScore = Number(field.Value, field.Name) },
                _ => throw new AgentRagException($"x_decoding.draft_context has no field '{field.Name}': it knows max_tokens, chunk and min_score."),
            };
        }

        return context;
    }

    private static RefragOptions ReadRefrag(JsonElement json, RefragOptions refrag)
    {
        foreach (var field in Fields(json, "x_decoding.refrag"))
        {
            refrag = field.Name switch
            {
                "expand" => refrag with { ExpandedShare = Number(field.Value, field.Name) },
                "policy" => refrag with
                {
                    Policy = Text(field.Value) switch
                    {
                        "none" => ExpansionPolicy.None,
                        "query" => ExpansionPolicy.Query,
                        "rl" => ExpansionPolicy.Policy,
                        "ppl" => ExpansionPolicy.Perplexity,
                        "random" => ExpansionPolicy.Random,
                        _ => throw Wrong("refrag.policy", "none, query, rl, ppl or random"),
                    },
                },
                "keep_first" => refrag with { KeptFirstTokens = Integer(field.Value, field.Name) },
                "keep_last" => refrag with { KeptLastTokens = Integer(field.Value, field.Name) },
                _ => throw new AgentRagException($"x_decoding.refrag has no field '{field.Name}': it knows expand, policy, keep_first and keep_last."),
            };
        }

        return refrag;
    }

    private static JsonElement.ObjectEnumerator Fields(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object ? json.EnumerateObject() : throw new AgentRagException($"{name} must be an object.");

    private static DecodingMode Mode(JsonElement value) => Text(value) switch
    {
        "plain" => DecodingMode.Plain,
        "speculative" => DecodingMode.Speculative,
        "rapid" => DecodingMode.Rapid,
        "refrag" => DecodingMode.Refrag,
        _ => throw Wrong("mode", "plain, speculative, rapid or refrag"),
    };

    private static AcceptanceRule Rule(JsonElement value) => Text(value) switch
    {
        "lossless" => AcceptanceRule.Sampled,
        "rejection" => AcceptanceRule.Rejection,
        "paper" => AcceptanceRule.Paper,
        "exact" => AcceptanceRule.ExactAugmented,
        _ => throw Wrong("augment", "lossless, rejection, paper or exact"),
    };

    private static string Name(AcceptanceRule rule) => rule switch
    {
        AcceptanceRule.Sampled => "lossless",
        AcceptanceRule.Rejection => "rejection",
        AcceptanceRule.Paper => "paper",
        _ => "exact",
    };

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int Integer(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw Wrong(name, "a whole number");

    private static double Number(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : throw Wrong(name, "a number");

    private static AgentRagException Wrong(string name, string expected) => new($"x_decoding.{name} must be {expected}.");
}

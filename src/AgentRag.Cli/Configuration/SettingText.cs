using System.Buffers;
using System.Globalization;
using AgentRag.Demonstrations;
using AgentRag.Retrieval.Fusion;
using AgentRag.Retrieval.Reranking;

namespace AgentRag.Cli.Configuration;

/// <summary>Reads the texts of settings.</summary>
internal static class SettingText
{
    private const string ApiVersion = "api-version=";

    private static readonly SearchValues<char> VersionCharacters = SearchValues.Create("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Reads a number of tokens: <c>4096</c>, <c>4,096</c>, <c>32k</c>, <c>1M</c>; k is 1,000 and M is 1,000,000, as in the paper's 16k to 5M.</summary>
    /// <exception cref="AgentRagException">It is no such number, or below 1.</exception>
    public static long Tokens(string text)
    {
        var (digits, factor) = text.Trim() switch
        {
            [.. var head, 'k' or 'K'] => (head, 1_000L),
            [.. var head, 'm' or 'M'] => (head, 1_000_000L),
            var all => (all, 1L),
        };
        return decimal.TryParse(digits, NumberStyles.AllowThousands | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number > 0 && number <= long.MaxValue / factor && number * factor == decimal.Truncate(number * factor)
            ? (long)(number * factor)
            : throw new AgentRagException($"'{text}' is not a number of tokens: write it as 4096, 4,096, 32k (32,000) or 1M (1,000,000).");
    }

    /// <summary>Reads a number of tokens that one request may have.</summary>
    public static int WindowTokens(string text) => Tokens(text) is var tokens and <= int.MaxValue
        ? (int)tokens
        : throw new AgentRagException($"'{text}' is too many tokens: at most {int.MaxValue:N0}.");

    /// <summary>Reads a whole number, ≥ 0.</summary>
    public static int Count(string text) => int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new AgentRagException($"'{text}' is not a whole number.");

    /// <summary>Reads on or off.</summary>
    public static bool Switch(string text) => text.Trim().ToLowerInvariant() switch
    {
        "on" or "true" => true,
        "off" or "false" => false,
        _ => throw new AgentRagException($"'{text}' is neither on nor off."),
    };

    /// <summary>Reads the name of a selection of demonstrations.</summary>
    public static DemonstrationSelection Selection(string text) =>
        Enum.GetValues<DemonstrationSelection>().Where(selection => $"{selection}".Equals(text.Trim(), StringComparison.OrdinalIgnoreCase)).Cast<DemonstrationSelection?>().FirstOrDefault()
            ?? throw new AgentRagException($"there is no selection '{text}': use fixed, random, nearest or diverse");

    /// <summary>Reads any text but the empty one.</summary>
    public static string Text(string text) => text.Trim() is { Length: > 0 } trimmed ? trimmed : throw new AgentRagException("The value is empty.");

    /// <summary>Reads a web address.</summary>
    public static Uri WebAddress(string text) => TryWebAddress(text)
        ?? throw new AgentRagException($"'{WithoutSecrets(text)}' is not a web address: write it as http://127.0.0.1:6333.");

    public static Uri? TryWebAddress(string text) => Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;

    /// <summary>Whether an address holds what may be a secret: a user name, a password, or a query of more than the API's version, which Azure wants.</summary>
    public static bool MayHoldSecret(Uri url) => url.UserInfo.Length > 0
        || (url.Scheme is "http" or "https" && url.Query.TrimStart('?') is { Length: > 0 } query
            && !(query.StartsWith(ApiVersion, StringComparison.OrdinalIgnoreCase) && query.AsSpan(ApiVersion.Length).IndexOfAnyExcept(VersionCharacters) < 0));

    /// <summary>A web address as messages show it: a user name, password or query of it may be a secret.</summary>
    public static string WithoutSecrets(string url) => TryWebAddress(url) is { } address
        ? address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
        : url.AsSpan().IndexOfAny('@', '?') >= 0 ? "(not shown)" : url;

    /// <summary>Reads how rankings are fused.</summary>
    public static FusionMethod Fusion(string text) => text.Trim() switch
    {
        "rrf" => FusionMethod.ReciprocalRank,
        "min-max" => FusionMethod.MinMaxScore,
        "z-score" => FusionMethod.ZScore,
        _ => throw new AgentRagException($"there is no fusion '{text}': use rrf (reciprocal ranks), min-max or z-score (weighted scores)."),
    };

    /// <summary>The text that <see cref="Fusion"/> reads.</summary>
    public static string Of(FusionMethod method) => method switch
    {
        FusionMethod.ReciprocalRank => "rrf",
        FusionMethod.MinMaxScore => "min-max",
        _ => "z-score",
    };

    /// <summary>Reads the weights of the two legs of a fusion.</summary>
    public static IReadOnlyList<double> Weights(string text)
    {
        var weights = text.Split(',', StringSplitOptions.TrimEntries).Select(part => double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) ? weight : double.NaN).ToList();
        return weights.Count == 2 && weights.TrueForAll(weight => double.IsFinite(weight) && weight > 0)
            ? weights
            : throw new AgentRagException($"'{text}' is no pair of weights: write two numbers above 0, that of the words first, such as 1,2.");
    }

    /// <summary>Reads a number above 0.</summary>
    public static double Positive(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number > 0
        ? number
        : throw new AgentRagException($"'{text}' is not a number above 0.");

    /// <summary>Reads what the requests of a reranking server look like.</summary>
    public static RerankForm RerankForm(string text) => text.Trim() switch
    {
        "documents" => AgentRag.Retrieval.Reranking.RerankForm.Documents,
        "texts" => AgentRag.Retrieval.Reranking.RerankForm.Texts,
        _ => throw new AgentRagException($"there is no form '{text}': use documents (Cohere, Jina, vLLM, llama.cpp) or texts (text-embeddings-inference)."),
    };

    /// <summary>The text that <see cref="RerankForm(string)"/> reads.</summary>
    public static string Of(RerankForm form) => form == AgentRag.Retrieval.Reranking.RerankForm.Texts ? "texts" : "documents";

    /// <summary>Reads paths, separated as in PATH.</summary>
    public static IReadOnlyList<string> Paths(string text) =>
        text.Split(Path.PathSeparator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

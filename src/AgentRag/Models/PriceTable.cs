using System.Text.Json;

namespace AgentRag.Models;

/// <summary>What one model's tokens cost. All prices in one currency, per million tokens.</summary>
/// <param name="InputPerMillion">Price of input tokens, ≥ 0.</param>
/// <param name="OutputPerMillion">Price of output tokens, ≥ 0.</param>
/// <param name="CachedInputPerMillion">Price of input tokens that the provider took from its prompt cache, ≥ 0; null for the price of all input.</param>
public sealed record ModelPrice(decimal InputPerMillion, decimal OutputPerMillion, decimal? CachedInputPerMillion = null)
{
    private const decimal Million = 1_000_000;

    /// <summary>What tokens cost.</summary>
    /// <param name="inputTokens">All input tokens, cached ones included; ≥ 0.</param>
    /// <param name="cachedInputTokens">How many of them came from the provider's cache; ≥ 0.</param>
    /// <param name="outputTokens">Output tokens, ≥ 0.</param>
    /// <returns>The cost in the currency of the prices.</returns>
    public decimal Of(long inputTokens, long cachedInputTokens, long outputTokens)
    {
        var cached = Math.Min(cachedInputTokens, inputTokens);
        return ((InputPerMillion * (inputTokens - cached)) + ((CachedInputPerMillion ?? InputPerMillion) * cached) + (OutputPerMillion * outputTokens)) / Million;
    }
}

/// <summary>Prices by model, as the user knows them: providers change theirs, so none are built in.</summary>
public sealed class PriceTable
{
    private readonly Dictionary<string, ModelPrice> _prices;

    /// <summary>Makes a table.</summary>
    /// <param name="prices">Prices by model name, as in <c>gpt-4o-mini</c> or <c>openai:gpt-4o-mini</c>; upper and lower case are the same.</param>
    public PriceTable(IReadOnlyDictionary<string, ModelPrice> prices)
    {
        ArgumentNullException.ThrowIfNull(prices);
        _prices = new Dictionary<string, ModelPrice>(prices, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>A table without any price: costs are unknown.</summary>
    public static PriceTable Empty { get; } = new(new Dictionary<string, ModelPrice>());

    /// <summary>Reads a price file: one JSON object, <c>{"gpt-4o-mini": {"input": 0.15, "cachedInput": 0.075, "output": 0.6}}</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="AgentRagException">The file cannot be read or is no price file; the message names file, model and field.</exception>
    public static PriceTable Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the prices cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads prices from JSON, as <see cref="Load"/> does.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <exception cref="AgentRagException">The text is no price file.</exception>
    public static PriceTable Parse(string json, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new PriceTable(document.RootElement.EnumerateObject().ToDictionary(
                    model => model.Name, model => Price(model, path), StringComparer.OrdinalIgnoreCase))
                : throw new AgentRagException($"{path}: one JSON object with a price for each model is expected, {Example}.");
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{path}:{e.LineNumber + 1}: this is no JSON: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            throw new AgentRagException($"{path}: a model has two prices: {e.Message}", e);
        }
    }

    /// <summary>Finds the price of a model.</summary>
    /// <param name="model">Its name, with or without its provider in front.</param>
    /// <returns>The price, or null when the table has none.</returns>
    public ModelPrice? Find(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return _prices.GetValueOrDefault(model)
            ?? _prices.FirstOrDefault(price => price.Key.EndsWith($":{model}", StringComparison.OrdinalIgnoreCase)).Value
            ?? (model.Split(':', 2) is [_, var name] ? _prices.GetValueOrDefault(name) : null);
    }

    private const string Example = """such as {"gpt-4o-mini": {"input": 0.15, "cachedInput": 0.075, "output": 0.6}}, per million tokens""";

    private static ModelPrice Price(JsonProperty model, string path)
    {
        if (model.Value.ValueKind != JsonValueKind.Object)
        {
            throw new AgentRagException($"{path}: the price of '{model.Name}' is no object: {Example}.");
        }

        foreach (var field in model.Value.EnumerateObject())
        {
            if (field.Name is not ("input" or "cachedInput" or "output"))
            {
                throw new AgentRagException($"{path}: the price of '{model.Name}' has an unknown field \"{field.Name}\": input, cachedInput and output are known.");
            }
        }

        return new ModelPrice(Required("input"), Required("output"), Number("cachedInput"));

        decimal Required(string name) =>
            Number(name) ?? throw new AgentRagException($"{path}: the price of '{model.Name}' has no \"{name}\": {Example}.");

        decimal? Number(string name) => !model.Value.TryGetProperty(name, out var value) ? null
            : value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number is >= 0 and <= 1_000_000 ? number
            : throw new AgentRagException($"{path}: \"{name}\" of '{model.Name}' is {value.GetRawText()}, must be a number in [0, 1,000,000].");
    }
}

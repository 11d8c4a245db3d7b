using System.Text.Json;

namespace AgentRag.Tests.Retrieval.Qdrant;

/// <summary>A request that Qdrant refuses, with its status and words.</summary>
internal sealed class QdrantRejection(int status, string error) : Exception(error)
{
    public int Status { get; } = status;

    public static QdrantRejection Format(string problem) => new(400, $"Format error in JSON body: {problem}");

    public static QdrantRejection Invalid(string problem) => new(422, $"Validation error in JSON body: [{problem}]");

    public static QdrantRejection Input(string problem) => new(400, $"Wrong input: {problem}");
}

/// <summary>
/// Reads request bodies as the fields and types of Qdrant's OpenAPI description demand. A field that the description does not know is refused: Qdrant
/// ignores most of them, but one in our requests is a mistake.
/// </summary>
internal static class QdrantJson
{
    public static JsonElement Object(this JsonElement json, string what, params string[] fields)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw QdrantRejection.Format($"invalid type: {json.ValueKind}, expected struct {what}");
        }

        foreach (var property in json.EnumerateObject())
        {
            if (!fields.Contains(property.Name))
            {
                throw QdrantRejection.Format($"unknown field `{property.Name}` in {what}");
            }
        }

        return json;
    }

    public static JsonElement? Optional(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static JsonElement Required(this JsonElement json, string name) =>
        json.Optional(name) ?? throw QdrantRejection.Format($"missing field `{name}`");

    public static IEnumerable<JsonElement> Array(this JsonElement json, string what) => json.ValueKind == JsonValueKind.Array
        ? json.EnumerateArray()
        : throw QdrantRejection.Format($"invalid type: {json.ValueKind}, expected a sequence for {what}");

    public static string String(this JsonElement json, string what) => json.ValueKind == JsonValueKind.String
        ? json.GetString()!
        : throw QdrantRejection.Format($"invalid type: {json.ValueKind}, expected a string for {what}");

    public static long Integer(this JsonElement json, string what, long min)
    {
        if (json.ValueKind != JsonValueKind.Number || !json.TryGetInt64(out var value) || value < 0)
        {
            throw QdrantRejection.Format($"invalid value for {what}, expected an unsigned integer");
        }

        return value >= min ? value : throw QdrantRejection.Invalid($"{what}: value {value} invalid, must be {min} or larger");
    }

    public static float Float(this JsonElement json, string what) => json.ValueKind == JsonValueKind.Number
        ? json.GetSingle()
        : throw QdrantRejection.Format($"invalid type: {json.ValueKind}, expected f32 for {what}");

    public static bool Bool(this JsonElement json, string what) => json.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? json.GetBoolean()
        : throw QdrantRejection.Format($"invalid type: {json.ValueKind}, expected a boolean for {what}");

    public static string PointId(this JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Number && json.TryGetUInt64(out var number))
        {
            return number.ToString();
        }

        return json.ValueKind == JsonValueKind.String && Guid.TryParse(json.GetString(), out var id)
            ? id.ToString()
            : throw QdrantRejection.Format($"value {json} is not a valid point ID, valid values are either an unsigned integer or a UUID");
    }

    public static SortedDictionary<uint, float> SparseVector(this JsonElement json)
    {
        json.Object("SparseVector", "indices", "values");
        var indices = json.Required("indices").Array("indices").Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetUInt32(out var index)
            ? index
            : throw QdrantRejection.Format("invalid value for indices, expected u32")).ToList();
        var values = json.Required("values").Array("values").Select(item => item.Float("values")).ToList();
        if (indices.Count == 0 || indices.Count != values.Count || indices.Distinct().Count() != indices.Count)
        {
            throw QdrantRejection.Invalid("indices: must be unique, not empty, and as many as values");
        }

        return new(indices.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second));
    }
}

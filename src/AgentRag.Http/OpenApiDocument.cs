using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Plugin;
using Microsoft.Extensions.AI;

namespace AgentRag.Http;

/// <summary>The REST face described by OpenAPI 3.1, whose schemas are those of the tools themselves.</summary>
internal static class OpenApiDocument
{
    public static string Write(IEnumerable<AIFunction> functions, string version, bool needsToken)
    {
        var document = new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "AgentRag", ["version"] = version, ["description"] = "Retrieval and multi-hop answering over the user's indexed documents." },
            ["paths"] = new JsonObject(functions.Select(function => KeyValuePair.Create<string, JsonNode?>($"/v1/tools/{function.Name}", PathOf(function)))),
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject
                {
                    ["problem"] = new JsonObject
                    {
                        ["type"] = "object",
                        ["properties"] = new JsonObject { ["title"] = Type("string"), ["status"] = Type("integer"), ["detail"] = Type("string") },
                        ["required"] = new JsonArray("title", "status", "detail"),
                    },
                },
            },
        };
        if (needsToken)
        {
            document["components"]!["securitySchemes"] = new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } };
            document["security"] = new JsonArray(new JsonObject { ["token"] = new JsonArray() });
        }

        return document.ToJsonString();
    }

    private static JsonObject PathOf(AIFunction function) => new()
    {
        ["post"] = new JsonObject
        {
            ["operationId"] = function.Name,
            ["summary"] = (string)function.AdditionalProperties[AgentRagPlugin.TitleProperty]!,
            ["description"] = function.Description,
            ["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Json("application/json", Node(function.JsonSchema)) },
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject { ["description"] = "The result.", ["content"] = Json("application/json", Node(function.ReturnJsonSchema!.Value)) },
                ["default"] = new JsonObject
                {
                    ["description"] = "What went wrong, and what to do about it.",
                    ["content"] = Json("application/problem+json", new JsonObject { ["$ref"] = "#/components/schemas/problem" }),
                },
            },
        },
    };

    private static JsonObject Json(string type, JsonNode schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    private static JsonObject Type(string type) => new() { ["type"] = type };

    private static JsonNode Node(JsonElement element) => JsonNode.Parse(element.GetRawText())!;
}

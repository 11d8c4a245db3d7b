using System.Text.Json;
using AgentRag.Decoding.Chat;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Serving;

/// <summary>A chat request in OpenAI's format.</summary>
/// <param name="Messages">The conversation.</param>
/// <param name="Options">What is asked for, the way of decoding attached.</param>
/// <param name="IsStreamed">Whether the reply comes in pieces.</param>
/// <param name="IncludesUsage">Whether a streamed reply ends with its usage.</param>
internal sealed record ChatRequestJson(List<ChatMessage> Messages, ChatOptions Options, bool IsStreamed, bool IncludesUsage)
{
    // What clients send as a matter of course and what changes nothing here.
    private static readonly string[] Ignored = ["model", "user", "n", "store", "metadata", "logit_bias", "service_tier", "parallel_tool_calls", "tool_choice", "reasoning_effort"];

    /// <summary>Reads a request.</summary>
    /// <exception cref="AgentRagException">It is not as the format has it, or asks for what is not offered.</exception>
    public static ChatRequestJson Read(JsonElement json, DecodingOptions defaults)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
        {
            throw new AgentRagException("The request has no 'messages': send {\"messages\": [{\"role\": \"user\", \"content\": \"...\"}]}.");
        }

        var (options, decoding, isStreamed, includesUsage) = (new ChatOptions(), defaults, false, false);
        foreach (var field in json.EnumerateObject())
        {
            var value = field.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            switch (field.Name)
            {
                case "messages": break;
                case "max_tokens" or "max_completion_tokens": options.MaxOutputTokens = Integer(field); break;
                case "temperature": options.Temperature = (float)Number(field); break;
                case "top_p": options.TopP = (float)Number(field); break;
                case "top_k": options.TopK = Integer(field); break;
                case "presence_penalty": options.PresencePenalty = (float)Number(field); break;
                case "frequency_penalty": options.FrequencyPenalty = (float)Number(field); break;
                case "seed": options.Seed = value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var seed) ? seed : throw Wrong(field.Name, "a whole number"); break;
                case "stop": options.StopSequences = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(stop => Text(stop, "stop"))] : [Text(value, "stop")]; break;
                case "stream": isStreamed = value.ValueKind == JsonValueKind.True; break;
                case "stream_options": includesUsage = value.ValueKind == JsonValueKind.Object && value.TryGetProperty("include_usage", out var include) && include.ValueKind == JsonValueKind.True; break;
                case "prediction": decoding = decoding with { Prediction = Prediction(value) }; break;
                case "x_decoding": decoding = DecodingJson.Read(value, decoding); break;
                case "response_format" when value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out var type) && type.GetString() == "text": break;
                case "tools" when value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0: break;
                case "tools" or "response_format" or "logprobs" or "audio":
                    throw new AgentRagException($"This model offers no '{field.Name}': leave it out.");
                default:
                    if (!Ignored.Contains(field.Name, StringComparer.Ordinal))
                    {
                        throw new AgentRagException($"The field '{field.Name}' is not known here: leave it out.");
                    }

                    break;
            }
        }

        decoding.AttachTo(options);
        return new ChatRequestJson([.. messages.EnumerateArray().Select(Message)], options, isStreamed, includesUsage);
    }

    private static ChatMessage Message(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("role", out var role) || !json.TryGetProperty("content", out var content))
        {
            throw new AgentRagException("Each message needs 'role' and 'content'.");
        }

        return new ChatMessage(new ChatRole(Text(role, "role") is "developer" ? "system" : role.GetString()!), Content(content));
    }

    private static string Content(JsonElement content) => content.ValueKind == JsonValueKind.Array
        ? string.Concat(content.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var text)
            ? Text(text, "text")
            : throw new AgentRagException("A message holds a part that is no text: this model reads text only.")))
        : Text(content, "content");

    private static string Prediction(JsonElement json) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty("content", out var content)
        ? Content(content)
        : throw Wrong("prediction", "{\"type\": \"content\", \"content\": \"...\"}");

    private static string Text(JsonElement json, string name) => json.ValueKind == JsonValueKind.String ? json.GetString()! : throw Wrong(name, "a text");

    private static int Integer(JsonProperty field) =>
        field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out var number) ? number : throw Wrong(field.Name, "a whole number");

    private static double Number(JsonProperty field) =>
        field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetDouble(out var number) ? number : throw Wrong(field.Name, "a number");

    private static AgentRagException Wrong(string name, string expected) => new($"The field '{name}' must be {expected}.");
}

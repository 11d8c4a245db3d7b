using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace AgentRag.Models;

/// <summary>Writes the form of a reply into the body of a chat request, by one of the means of <see cref="StepControl"/>.</summary>
internal static class ReplyControl
{
    public const string LineField = "line";
    public const string TextField = "text";
    public const string ChoiceField = "choice";

    private const string ResponseFormat = "response_format";
    private const string StructuredOutputs = "structured_outputs";
    private const string Grammar = "grammar";
    private const string Stop = "stop";

    // OpenAI takes no more.
    private const int MostStops = 4;

    /// <summary>The means that a server is asked with first.</summary>
    public static StepControl First(OpenAICompatibleOptions options) =>
        options.StepControl == StepControl.Auto ? StepControl.JsonSchema : options.StepControl;

    /// <summary>The means for a server that refused one.</summary>
    public static StepControl Weaker(StepControl refused) => refused == StepControl.Stop ? StepControl.None : StepControl.Stop;

    /// <summary>Whether a refusal may be due to the means: for those that not every server knows any refusal of the request, for stop sequences one by name.</summary>
    public static bool IsRefused(StepControl control, ModelHttpException refusal) => control switch
    {
        StepControl.None => false,
        StepControl.Stop => refusal.RefusesField(Stop),
        _ => refusal.Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity,
    };

    /// <summary>Whether a request leaves the form of its reply to this library.</summary>
    public static bool IsFree(JsonObject body) =>
        !body.ContainsKey(ResponseFormat) && !body.ContainsKey(StructuredOutputs) && !body.ContainsKey(Grammar) && !body.ContainsKey("tools");

    /// <summary>Writes the form into a body.</summary>
    /// <param name="body">The body; its form is free.</param>
    /// <param name="form">The form; null for any reply.</param>
    /// <param name="control">The means.</param>
    public static void Apply(JsonObject body, ReplyForm? form, StepControl control)
    {
        if (form is null or { Prefixes.Count: 0, Choices.Count: 0 })
        {
            return;
        }

        switch (control)
        {
            case StepControl.JsonSchema:
                body[ResponseFormat] = new JsonObject
                {
                    ["type"] = "json_schema",
                    ["json_schema"] = new JsonObject { ["name"] = "reply", ["strict"] = true, ["schema"] = Schema(form) },
                };

                // A line end, or what a line begins with, may stand inside the JSON.
                body.Remove(Stop);
                break;
            case StepControl.Regex:
                body[StructuredOutputs] = form.Prefixes.Count > 0 ? new JsonObject { ["regex"] = Regex(form) } : new JsonObject { ["choice"] = Texts(form.Choices) };
                break;
            case StepControl.Grammar:
                body[Grammar] = Gbnf(form);
                break;
            case StepControl.Stop:
                List<string> stops = [.. (body[Stop] as JsonArray ?? []).Select(stop => stop!.GetValue<string>())];
                stops.AddRange(form.NextLines.Select(line => $"\n{line}").Except(stops, StringComparer.Ordinal).Take(Math.Max(0, MostStops - stops.Count)));
                if (stops.Count > 0)
                {
                    body[Stop] = Texts(stops);
                }

                break;
        }
    }

    // Strict structured outputs want every field required and no other allowed; lengths and patterns are not taken everywhere.
    private static JsonObject Schema(ReplyForm form)
    {
        var fields = form.Prefixes.Count > 0
            ? new JsonObject { [LineField] = OneOf(form.Prefixes), [TextField] = new JsonObject { ["type"] = "string" } }
            : new JsonObject { [ChoiceField] = OneOf(form.Choices) };
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = fields,
            ["required"] = Texts(fields.Select(field => field.Key)),
            ["additionalProperties"] = false,
        };
    }

    private static JsonObject OneOf(IEnumerable<string> texts) => new() { ["type"] = "string", ["enum"] = Texts(texts) };

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    // Escaped for what all engines read alike: Regex.Escape would escape blanks as well.
    private static string Regex(ReplyForm form) => string.Create(
        CultureInfo.InvariantCulture, $@"({string.Join('|', form.Prefixes.Select(EscapedForRegex))}) [^\s][^\r\n]{{0,{form.MaxTextCharacters - 1}}}");

    private static string Gbnf(ReplyForm form)
    {
        if (form.Prefixes.Count == 0)
        {
            return $"root ::= {Alternatives(form.Choices)}";
        }

        return string.Create(
            CultureInfo.InvariantCulture, $@"root ::= ({Alternatives(form.Prefixes)}) "" "" [^ \t\r\n] [^\r\n]{{0,{form.MaxTextCharacters - 1}}}");

        static string Alternatives(IEnumerable<string> texts) => string.Join(
            " | ", texts.Select(text => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""));
    }

    private static string EscapedForRegex(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            escaped.Append(@"\.+*?()|[]{}^$".Contains(letter, StringComparison.Ordinal) ? "\\" : "").Append(letter);
        }

        return escaped.ToString();
    }
}

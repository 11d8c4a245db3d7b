using System.Text.Json;
using AgentRag.Models;

namespace AgentRag.Documents;

/// <summary>Recognises the format of a data set by one of its rows.</summary>
internal static class DataSetRow
{
    public const string Known =
        "Known are HotpotQA and 2WikiMultiHopQA (JSON with context), MuSiQue (JSON Lines with paragraphs), Bamboogle (CSV or JSON), NQ and TriviaQA (question and answer), "
        + "StrategyQA (JSON), and AgentRag's JSON Lines (id, question, answers).";

    /// <summary>Whether a row is one of AgentRag's own.</summary>
    // A row without any field of another format is taken for our own too: then its own reader says what it lacks.
    public static bool IsOwn(JsonElement row) =>
        row.ValueKind == JsonValueKind.Object && !Has(row, "ctxs") && (Has(row, "id") || Has(row, "question") || Has(row, "answers"))
        && !Has(row, "answer") && !Has(row, "golden_answers") && !Has(row, "paragraphs") && !Has(row, "context") && !Has(row, "qid")
        && (Has(row, "id") || !Has(row, "answers"));

    /// <summary>The format of a row of any other.</summary>
    /// <exception cref="AgentRagException">It is none.</exception>
    public static DataSetFormat FormatOf(JsonElement row, string where) =>
        row.ValueKind != JsonValueKind.Object ? throw new AgentRagException($"{where}: not a JSON object. {Known}")
        : Has(row, "paragraphs") ? DataSetFormat.MuSiQue
        : Has(row, "context") && Has(row, "question") ? (Has(row, "evidences") ? DataSetFormat.TwoWikiMultiHopQa : DataSetFormat.HotpotQa)
        : Has(row, "qid") && Has(row, "question") ? DataSetFormat.StrategyQa
        : Has(row, "Question") && Has(row, "Answer") ? (row.GetProperty("Answer").ValueKind == JsonValueKind.Object ? DataSetFormat.TriviaQa : DataSetFormat.Bamboogle)
        : Has(row, "question") && (Has(row, "answer") || Has(row, "answers") || Has(row, "golden_answers")) ? DataSetFormat.OpenQuestions
        : throw Unknown(row, where);

    public static AgentRagException Unknown(JsonElement row, string where) => new(
        $"{where}: not a data set that is known, by its fields {string.Join(", ", row.EnumerateObject().Take(8).Select(field => field.Name))}. {Known}");

    private static bool Has(JsonElement row, string name) => row.Field(name) is not null;
}

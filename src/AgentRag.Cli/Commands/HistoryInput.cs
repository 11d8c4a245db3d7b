using System.Text.Json;
using AgentRag.Prompting;

namespace AgentRag.Cli.Commands;

/// <summary>Reads the conversation behind <c>--history</c>.</summary>
internal static class HistoryInput
{
    /// <summary>Reads all turns, one JSON object with question and answer per line; <c>-</c> stands for standard input.</summary>
    /// <exception cref="AgentRagException">The input cannot be read, or a line is no turn.</exception>
    public static async Task<IReadOnlyList<ChatTurn>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var name = path == "-" ? "stdin" : path;
        List<ChatTurn> turns = [];
        foreach (var (index, line) in (await LinesAsync(path, name, cancellationToken)).Index())
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                turns.Add(Turn(line, $"{name}:{index + 1}"));
            }
        }

        return turns;
    }

    private static async Task<string[]> LinesAsync(string path, string name, CancellationToken cancellationToken)
    {
        try
        {
            return path == "-"
                ? (await Console.In.ReadToEndAsync(cancellationToken).WaitAsync(cancellationToken)).Split('\n')
                : await File.ReadAllLinesAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{name}: the conversation cannot be read: {e.Message}", e);
        }
    }

    private static ChatTurn Turn(string line, string place)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement is { ValueKind: JsonValueKind.Object } turn
                && turn.TryGetProperty("question", out var question) && turn.TryGetProperty("answer", out var answer)
                && question.ValueKind == JsonValueKind.String && answer.ValueKind == JsonValueKind.String)
            {
                return new ChatTurn(question.GetString()!, answer.GetString()!);
            }
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{place}: this line is no JSON object: {e.Message}", e);
        }

        throw new AgentRagException($"{place}: expected {{\"question\": \"...\", \"answer\": \"...\"}}, the lines that 'agentrag ask --json' writes.");
    }
}

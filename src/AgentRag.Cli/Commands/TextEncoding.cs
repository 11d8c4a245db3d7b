using AgentRag.Cli.Output;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Cli.Commands;

/// <summary>Encodes a text, or each line's text, and writes the ids.</summary>
internal sealed class TextEncoding(Terminal terminal, BytePairTokenizer tokenizer)
{
    public async Task<int> RunAsync(string? file, bool jsonLines, CancellationToken cancellationToken)
    {
        if (tokenizer.CountsUncomposed)
        {
            terminal.WriteError($"hint: {tokenizer.Name} composes accents first (NFC), which this program does not: such texts are encoded as they stand.");
        }

        using var reader = Open(file);
        if (!jsonLines)
        {
            Write(await reader.ReadToEndAsync(cancellationToken).WaitAsync(cancellationToken));
            return ExitCode.Success;
        }

        // A console cannot be cancelled while it waits for input; whoever waits for the console can.
        for (var number = 1; await reader.ReadLineAsync(cancellationToken).AsTask().WaitAsync(cancellationToken) is { } line; number++)
        {
            if (line.Length > 0)
            {
                var where = $"{file ?? "stdin"}:{number}";
                using var json = TextLine.Parse(line, where);
                Write(TextLine.TextOf(json.RootElement, where));
            }
        }

        return ExitCode.Success;
    }

    private static StreamReader Open(string? file)
    {
        try
        {
            return file is null or "-" ? new StreamReader(Console.OpenStandardInput()) : new StreamReader(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{file}: the texts cannot be read: {e.Message}", e);
        }
    }

    private void Write(string text) => terminal.WriteJson(new { Ids = tokenizer.Encode(text) });
}

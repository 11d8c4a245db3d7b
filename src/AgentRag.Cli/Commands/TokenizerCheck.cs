using System.Text;
using System.Text.Json;
using AgentRag.Cli.Output;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Cli.Commands;

/// <summary>Compares encodings with given ones.</summary>
internal sealed class TokenizerCheck(Terminal terminal, bool json)
{
    /// <summary>Checks vocabularies, which were found whole when they were opened.</summary>
    /// <returns>The exit code.</returns>
    public int Run(IReadOnlyList<BytePairTokenizer> tokenizers, string? vectors)
    {
        if (vectors is null)
        {
            foreach (var tokenizer in tokenizers)
            {
                Write(tokenizer.Name, $"ready, {Plural.Of(tokenizer.Vocabulary.Count, "token")}", new { tokenizer.Name, Tokens = tokenizer.Vocabulary.Count });
            }

            return ExitCode.Success;
        }

        var lines = ReadLines(vectors);
        var wrong = 0;
        foreach (var tokenizer in tokenizers)
        {
            wrong += Compare(tokenizer, lines, vectors);
        }

        return wrong == 0 ? ExitCode.Success : ExitCode.SomeFailed;
    }

    private int Compare(BytePairTokenizer tokenizer, string[] lines, string file)
    {
        var (texts, tokens, wrong) = (0, 0L, 0);
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0)
            {
                continue;
            }

            var where = $"{file}:{i + 1}";
            using var line = TextLine.Parse(lines[i], where);
            var text = TextLine.TextOf(line.RootElement, where);
            if (!line.RootElement.TryGetProperty(tokenizer.Name, out var ids) || ids.ValueKind != JsonValueKind.Array)
            {
                throw new AgentRagException($"{where}: there are no ids of the vocabulary {tokenizer.Name}; expected is a list under this name.");
            }

            int[] expected = [.. ids.EnumerateArray().Select(id => id.GetInt32())];
            texts++;
            tokens += expected.Length;
            if (Problem(tokenizer, text, expected) is { } problem)
            {
                wrong++;
                Write(tokenizer.Name, $"{where}: {problem}", new { tokenizer.Name, Line = i + 1, Problem = problem });
            }
        }

        Write(
            tokenizer.Name,
            $"{texts - wrong:N0} of {Plural.Of(texts, "text")} encoded exactly ({Plural.Of(tokens, "token")})",
            new { tokenizer.Name, Texts = texts, Exact = texts - wrong, Tokens = tokens });
        return wrong;
    }

    private static string? Problem(BytePairTokenizer tokenizer, string text, int[] expected)
    {
        var ids = tokenizer.Encode(text);
        var differs = Enumerable.Range(0, Math.Max(ids.Length, expected.Length)).FirstOrDefault(i => i >= ids.Length || i >= expected.Length || ids[i] != expected[i], -1);
        return differs >= 0 ? $"token {differs} is {Id(ids)}, expected is {Id(expected)}"
            : tokenizer.Count(text) is var count && count != expected.Length ? $"counted are {count} tokens, expected are {expected.Length}"
            : tokenizer.Decode(ids) != Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) ? "the ids do not decode to the text"
            : null;

        string Id(int[] of) => differs < of.Length ? of[differs].ToString() : "missing";
    }

    private static string[] ReadLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{file}: the vectors cannot be read: {e.Message}", e);
        }
    }

    private void Write(string name, string text, object value)
    {
        if (json)
        {
            terminal.WriteJson(value);
        }
        else
        {
            terminal.WriteLine($"{name}: {text}");
        }
    }
}

using System.Text;
using System.Text.Json;
using AgentRag.Documents;

namespace AgentRag.Tests.Retrieval;

/// <summary>Passages of made-up words, some frequent and most rare, the same for the same seed.</summary>
internal sealed class RandomCorpus(int seed, int vocabulary)
{
    private readonly Random _random = new(seed);

    public string Word() => $"w{(int)Math.Pow(vocabulary, _random.NextDouble()) - 1}";

    public string Text(int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Word()));

    /// <summary>A text of few lengths and words, so that many scores are equal; now and then one that is very long or repeats one word.</summary>
    public string Text() => _random.Next(40) switch
    {
        0 => Text(400),
        1 => string.Join(' ', Enumerable.Repeat(Word(), _random.Next(1, 90))),
        _ => Text(_random.Next(1, 12)),
    };

    public string Query() => Text(_random.Next(1, 15));

    public IEnumerable<Passage> Passages(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var text = Text();
            yield return new()
            {
                Id = $"d{i / 3}#{i}",
                DocumentId = $"d{i / 3}",
                Title = $"t{i / 3 % 7}",
                Source = $"docs/f{i / 30}.md",
                Start = i,
                End = i + text.Length,
                Text = text,
                ContentHash = PassageSplitter.ContentHash(text),
                TokenCount = i % 50,
                HeadingPath = i % 4 == 0 ? [] : [$"h{i % 5}", $"h{i % 11}"],
            };
        }
    }

    /// <summary>A data set file of some documents.</summary>
    public string JsonLines(string prefix, int documents)
    {
        var lines = new StringBuilder();
        for (var i = 0; i < documents; i++)
        {
            lines.Append(JsonSerializer.Serialize(new { id = $"{prefix}-{i}", title = $"t{i % 5}", text = Text() })).Append('\n');
        }

        return lines.ToString();
    }
}

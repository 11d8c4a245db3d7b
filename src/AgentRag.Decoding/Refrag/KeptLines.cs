using System.Text;
using AgentRag.Decoding.Tokenizers;

namespace AgentRag.Decoding.Refrag;

/// <summary>Finds what lies between the lines of a text that must stay tokens, such as those that number and name passages: an answer cannot cite what it cannot read.</summary>
internal static class KeptLines
{
    /// <summary>The stretches between such lines.</summary>
    /// <param name="tokenizer">Knows what tokens write.</param>
    /// <param name="tokens">The prompt.</param>
    /// <param name="text">Where the text begins and ends in it: a line may begin before the stretch.</param>
    /// <param name="from">Where the whole stretch begins.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="starts">What such a line begins with, spaces before it aside; a token that reaches into it stays.</param>
    public static List<(int From, int To)> Between(
        IModelTokenizer tokenizer, IReadOnlyList<int> tokens, (int From, int To) text, int from, int to, IReadOnlyList<string> starts)
    {
        byte[][] marks = [.. starts.Where(start => start.Length > 0).Select(Encoding.UTF8.GetBytes)];
        var isKept = new bool[tokens.Count];
        List<byte> line = [];
        var (first, last) = (text.From, text.From);
        for (var token = text.From; token < text.To; token++)
        {
            // A token may end one line, be some, and begin another; a line's break stays with it if nothing stands behind it in its token.
            var written = tokenizer.BytesOf(tokens[token]);
            for (var i = 0; i < written.Length; i++)
            {
                if (written[i] == (byte)'\n')
                {
                    last = i == written.Length - 1 ? token : last;
                    Close();
                }
                else
                {
                    first = line.Count == 0 ? token : first;
                    last = token;
                    line.Add(written[i]);
                }
            }
        }

        Close();
        List<(int From, int To)> stretches = [];
        for (var start = from; start < to; start++)
        {
            var end = start;
            while (end < to && !isKept[end])
            {
                end++;
            }

            if (end > start)
            {
                stretches.Add((start, end));
            }

            start = end;
        }

        return stretches;

        void Close()
        {
            ReadOnlySpan<byte> content = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(line).TrimStart((byte)' ');
            foreach (var mark in marks)
            {
                if (content.StartsWith(mark))
                {
                    Array.Fill(isKept, true, first, last - first + 1);
                    break;
                }
            }

            line.Clear();
        }
    }
}

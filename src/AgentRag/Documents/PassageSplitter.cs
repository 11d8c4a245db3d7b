using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Tokens;

namespace AgentRag.Documents;

/// <summary>Cuts documents into passages that respect headings, blocks and sentences and never exceed a number of tokens.</summary>
/// <remarks>
/// A document is cut at its headings, a section into blocks (paragraphs, lists, tables, code), a block that is too long into sentences or lines, a
/// sentence that is too long between words, and a word that is too long anywhere. Neighbouring pieces of one section are then packed together as long
/// as they fit. Every character of a section's body other than white space between passages is in a passage. Linear in the length of the text.
/// Safe for concurrent use.
/// </remarks>
public sealed class PassageSplitter
{
    private readonly ITokenCounter _counter;
    private readonly PassageSplitterOptions _options;

    /// <summary>Makes a splitter.</summary>
    /// <param name="counter">Measures passages.</param>
    /// <param name="options">Sizes; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public PassageSplitter(ITokenCounter counter, PassageSplitterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(counter);
        (_counter, _options) = (counter, (options ?? new()).Validated());
    }

    /// <summary>Cuts one document.</summary>
    /// <param name="document">The document.</param>
    /// <returns>
    /// Its passages in text order, none empty. An id is the document's and the first eight hexadecimal digits of the text's hash, numbered from the
    /// second on where a text occurs more than once: an edit elsewhere in the document leaves it as it is.
    /// </returns>
    public IReadOnlyList<Passage> Split(Document document)
    {
        ArgumentNullException.ThrowIfNull(document);
        List<Passage> passages = [];
        Dictionary<string, int> timesSeen = new(StringComparer.Ordinal);
        foreach (var section in Section.Of(document))
        {
            foreach (var range in Pack(document, section.Body))
            {
                passages.Add(Make(document, section.HeadingPath, range, timesSeen));
            }
        }

        return passages;
    }

    private Passage Make(Document document, IReadOnlyList<string> headingPath, TextRange range, Dictionary<string, int> timesSeen)
    {
        var text = document.Text[range.Start..range.End];
        var hash = ContentHash(text);
        var id = $"{document.Id}#{hash[..8]}";
        var times = timesSeen[id] = timesSeen.GetValueOrDefault(id) + 1;
        return new Passage
        {
            Id = times == 1 ? id : string.Create(CultureInfo.InvariantCulture, $"{id}-{times}"),
            DocumentId = document.Id,
            Title = document.Title,
            HeadingPath = headingPath,
            Source = document.Source,
            Start = range.Start,
            End = range.End,
            Text = text,
            ContentHash = hash,
            TokenCount = _counter.Count(text),
            Metadata = document.Metadata,
        };
    }

    /// <summary>The hash that a passage of this text has.</summary>
    internal static string ContentHash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Packs the pieces of a section into ranges that fit.</summary>
    private IEnumerable<TextRange> Pack(Document document, TextRange body)
    {
        var text = document.Text;
        List<Piece> pieces = [];
        AddPieces(document, body, Cut.Blocks, pieces);

        // A counter may find more tokens in a whole than in its pieces together; such a group is halved until it fits.
        Stack<(int First, int Last)> open = new(PiecePacking.Group(pieces, _options).AsEnumerable().Reverse());
        while (open.TryPop(out var group))
        {
            var range = new TextRange(pieces[group.First].Range.Start, pieces[group.Last].Range.End).Trim(text);
            if (group.First == group.Last || Tokens(text, range) <= _options.MaxPassageTokens)
            {
                if (range.Start < range.End)
                {
                    yield return range;
                }

                continue;
            }

            var middle = (group.First + group.Last) / 2;
            open.Push((middle + 1, group.Last));
            open.Push((group.First, middle));
        }
    }

    /// <summary>Cuts a range into pieces that fit, coarsely where possible.</summary>
    private void AddPieces(Document document, TextRange range, Cut cut, List<Piece> pieces)
    {
        var text = document.Text;
        var starts = cut switch
        {
            Cut.Blocks => TextBlocks.Starts(text, range),
            Cut.Lines => TextBlocks.LineStarts(text, range),
            Cut.Sentences => Sentences.Starts(text, range),
            _ => WordStarts(text, range),
        };
        for (var i = 0; i < starts.Count; i++)
        {
            var part = new TextRange(starts[i], i + 1 < starts.Count ? starts[i + 1] : range.End);
            var finer = cut == Cut.Blocks ? (document.IsMadeOfLines || TextBlocks.IsMadeOfLines(text, part) ? Cut.Lines : Cut.Sentences) : Cut.Words;
            var fits = Tokens(text, part.Trim(text)) <= _options.MaxPassageTokens;

            // With an overlap wanted, paragraphs are cut into sentences even where they fit: whole ones are too long to repeat.
            if (cut == Cut.Words || (fits && !(_options.OverlapTokens > 0 && finer == Cut.Sentences)))
            {
                pieces.Add(new(part, Tokens(text, part)));
            }
            else
            {
                AddPieces(document, part, finer, pieces);
            }
        }
    }

    /// <summary>Cuts as late as the tokens allow: between words where there are any, else between characters.</summary>
    private List<int> WordStarts(string text, TextRange range)
    {
        List<int> starts = [];
        var start = range.Trim(text).Start;
        while (start < range.End)
        {
            starts.Add(start);
            var rest = text.AsSpan(start, range.End - start);
            var length = _counter.FitLength(rest, _options.MaxPassageTokens);
            if (length < rest.Length)
            {
                var wordEnd = rest[..(length + 1)].LastIndexOfAny(" \t\r\n");
                length = wordEnd > length / 2 && _counter.Count(rest[..wordEnd]) <= _options.MaxPassageTokens
                    ? wordEnd
                    : Math.Max(length, char.IsHighSurrogate(rest[0]) && rest.Length > 1 ? 2 : 1);
            }

            // White space goes with the piece before it: a passage is measured from its first word on.
            for (start += length; start < range.End && char.IsWhiteSpace(text[start]); start++)
            {
            }
        }

        return starts;
    }

    private int Tokens(string text, TextRange range) => _counter.Count(text.AsSpan(range.Start, range.End - range.Start));

    private enum Cut
    {
        Blocks,
        Lines,
        Sentences,
        Words,
    }
}

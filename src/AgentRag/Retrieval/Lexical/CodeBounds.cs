using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>The largest BM25 score, for a weight of 1, that each code of a segment may stand for.</summary>
internal sealed class CodeBounds
{
    private const int UsualFrequency = 2;

    private CodeBounds(double[] lists, double[] rows, double listWidth, double rowWidth) =>
        (Lists, Rows, ListWidth, RowWidth) = (lists, rows, listWidth, rowWidth);

    public double[] Lists { get; }

    public double[] Rows { get; }

    /// <summary>How far the bounds of usual codes lie apart in lists; a guess for the margin, on which nothing depends but speed.</summary>
    public double ListWidth { get; }

    /// <summary>The same in dense rows.</summary>
    public double RowWidth { get; }

    public static CodeBounds Make(Segment segment, double meanLength, double k1, double b)
    {
        var (lists, listWidth) = Make(segment.Lists);
        var (rows, rowWidth) = Make(segment.Rows);
        return new(lists, rows, listWidth, rowWidth);

        (double[] Upper, double Width) Make(CodeBook book)
        {
            var (upper, width) = (new double[book.Ranges.Length], 0.0);
            for (var code = 1; code < upper.Length; code++)
            {
                var range = book.Ranges[code];
                upper[code] = range.MaxFrequency / (range.MaxFrequency + Bm25.Norm(range.MinLength / meanLength, k1, b));
                if (range.MaxFrequency <= UsualFrequency && range.MinFrequency > 0)
                {
                    width = Math.Max(width, upper[code] - (range.MinFrequency / (range.MinFrequency + Bm25.Norm(range.MaxLength / meanLength, k1, b))));
                }
            }

            return (upper, width);
        }
    }
}

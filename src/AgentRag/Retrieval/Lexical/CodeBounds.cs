using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>The largest BM25 score, for a weight of 1, that each code of a segment may stand for.</summary>
internal sealed class CodeBounds
{
    private CodeBounds(double[] lists, double[] rows, double listWidth, double rowWidth) =>
        (Lists, Rows, ListWidth, RowWidth) = (lists, rows, listWidth, rowWidth);

    public double[] Lists { get; }

    public double[] Rows { get; }

    /// <summary>How far the scores of a usual code lie apart in lists: for one mention in a passage of mean length.</summary>
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
                if (range.MaxFrequency == 1 && range.MinLength <= meanLength)
                {
                    // The last of these is the class of a passage of mean length.
                    width = upper[code] - (1 / (1 + Bm25.Norm(range.MaxLength / meanLength, k1, b)));
                }
            }

            return (upper, width);
        }
    }
}

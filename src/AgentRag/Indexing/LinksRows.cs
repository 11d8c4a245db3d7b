namespace AgentRag.Indexing;

/// <summary>Compressed sparse rows: lists of numbers, one behind the other.</summary>
/// <param name="ends">Where each row ends in the values; it begins where the row before ends.</param>
/// <param name="values">The values of all rows.</param>
/// <param name="limit">All values are below it.</param>
internal sealed class LinksRows(LinksColumn<int> ends, LinksColumn<int> values, int limit)
{
    public LinksColumn<int> Ends => ends;

    public LinksColumn<int> Values => values;

    public int Count => ends.Count;

    public ReadOnlySpan<int> this[int row]
    {
        get
        {
            var start = row == 0 ? 0 : ends[row - 1];
            var found = values.Slice(start, ends[row] - start);
            foreach (var value in found)
            {
                if ((uint)value >= (uint)limit)
                {
                    throw values.WrongContent();
                }
            }

            return found;
        }
    }

    public static LinksRows From(IReadOnlyList<List<int>?> rows, int limit)
    {
        var ends = new int[rows.Count];
        List<int> values = [];
        for (var row = 0; row < ends.Length; row++)
        {
            values.AddRange(rows[row] ?? []);
            ends[row] = values.Count;
        }

        return new(new(ends), new([.. values]), limit);
    }

    /// <summary>The same rows with other values, ascending in each row.</summary>
    /// <param name="newValues">The new value of each.</param>
    public LinksRows WithValues(int[] newValues)
    {
        var (changed, next) = (new int[values.Count], 0);
        for (var row = 0; row < Count; row++)
        {
            var source = this[row];
            var target = changed.AsSpan(next, source.Length);
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = newValues[source[i]];
            }

            target.Sort();
            next += target.Length;
        }

        return new(ends, new(changed), limit);
    }

    /// <summary>The same rows in another order.</summary>
    /// <param name="rows">The rows' numbers, in their new order.</param>
    public LinksRows InOrder(int[] rows)
    {
        var (newEnds, newValues, end) = (new int[rows.Length], new int[values.Count], 0);
        for (var row = 0; row < rows.Length; row++)
        {
            var source = this[rows[row]];
            source.CopyTo(newValues.AsSpan(end));
            newEnds[row] = end += source.Length;
        }

        return new(new(newEnds), new(newValues), limit);
    }
}

namespace AgentRag.Indexing;

/// <summary>Compressed sparse rows: lists of integers, one behind the other.</summary>
/// <param name="Ends">Where each row ends in the values; it begins where the row before ends.</param>
/// <param name="Values">The values of all rows.</param>
internal sealed record LinksRows(int[] Ends, int[] Values)
{
    public int Count => Ends.Length;

    public ReadOnlySpan<int> this[int row]
    {
        get
        {
            var start = row == 0 ? 0 : Ends[row - 1];
            return Values.AsSpan(start, Ends[row] - start);
        }
    }

    public static LinksRows From(IReadOnlyList<List<int>?> rows)
    {
        var ends = new int[rows.Count];
        List<int> values = [];
        for (var row = 0; row < ends.Length; row++)
        {
            values.AddRange(rows[row] ?? []);
            ends[row] = values.Count;
        }

        return new(ends, [.. values]);
    }

    /// <summary>The same rows with other values, ascending in each row.</summary>
    /// <param name="values">The new value of each.</param>
    public LinksRows WithValues(int[] values)
    {
        var changed = Array.ConvertAll(Values, value => values[value]);
        for (var row = 0; row < Count; row++)
        {
            var start = row == 0 ? 0 : Ends[row - 1];
            changed.AsSpan(start, Ends[row] - start).Sort();
        }

        return new(Ends, changed);
    }

    /// <summary>The same rows in another order.</summary>
    /// <param name="rows">The rows' numbers, in their new order.</param>
    public LinksRows InOrder(int[] rows)
    {
        var (ends, values, end) = (new int[rows.Length], new int[Values.Length], 0);
        for (var row = 0; row < rows.Length; row++)
        {
            this[rows[row]].CopyTo(values.AsSpan(end));
            ends[row] = end += this[rows[row]].Length;
        }

        return new(ends, values);
    }

    /// <summary>Columns as rows.</summary>
    /// <param name="columns">How many columns there are: all values are below it.</param>
    public LinksRows Turned(int columns)
    {
        var ends = new int[columns];
        foreach (var value in Values)
        {
            ends[value]++;
        }

        var next = new int[columns];
        for (var (column, sum) = (0, 0); column < columns; column++)
        {
            next[column] = sum;
            ends[column] = sum += ends[column];
        }

        var values = new int[Values.Length];
        for (var row = 0; row < Count; row++)
        {
            foreach (var value in this[row])
            {
                values[next[value]++] = row;
            }
        }

        return new(ends, values);
    }
}

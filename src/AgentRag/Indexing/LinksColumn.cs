namespace AgentRag.Indexing;

/// <summary>One column of the links: an array, or a section of a file whose pages are verified at the first touch.</summary>
/// <remarks>Spans of a section point into the mapping: keep the column referenced while they are used.</remarks>
internal sealed class LinksColumn<T>
    where T : unmanaged
{
    private readonly T[]? _values;
    private readonly LinksPages? _pages;
    private readonly LinksSectionEntry _section;

    public LinksColumn(T[] values) => (_values, Count) = (values, values.Length);

    /// <param name="pages">The file.</param>
    /// <param name="section">Where the column lies in it; within the file's bounds.</param>
    /// <param name="count">How many values it holds.</param>
    public LinksColumn(LinksPages pages, LinksSectionEntry section, int count) => (_pages, _section, Count) = (pages, section, count);

    public int Count { get; }

    public T this[int index] => _values is null ? Slice(index, 1)[0] : _values[index];

    /// <summary>Neighbouring values.</summary>
    /// <exception cref="AgentRagException">The file is damaged, or has been written with numbers that lead out of the column.</exception>
    public unsafe ReadOnlySpan<T> Slice(int start, int count)
    {
        if (_pages is null)
        {
            return _values.AsSpan(start, count);
        }

        return start >= 0 && count >= 0 && start <= Count - count
            ? new((void*)_pages.Verified(_section.Offset + ((long)start * sizeof(T)), (long)count * sizeof(T)), count)
            : throw WrongContent();
    }

    /// <summary>The error of numbers that cannot be right although the bytes are those that were written.</summary>
    public AgentRagException WrongContent() => _pages is null
        ? throw new InvalidOperationException("Links made in memory lead nowhere.")
        : LinksFile.Damaged(_pages.Directory, "it holds numbers that lead nowhere");
}

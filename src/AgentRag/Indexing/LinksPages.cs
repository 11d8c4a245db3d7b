using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>The bytes of a links file, mapped; each page is verified at the first touch.</summary>
/// <remarks>So opening costs next to nothing however many links there are, and a query pays for what it touches alone. Safe for concurrent use.</remarks>
internal sealed unsafe class LinksPages : IDisposable
{
    /// <summary>As the operating system's usual pages: what is touched is read anyway.</summary>
    public const int PageLength = 4096;

    private readonly SegmentBytes _bytes;
    private readonly long _end;
    private readonly uint* _checksums;

    // Two threads that verify the same page write the same.
    private readonly bool[] _isVerified;

    /// <param name="bytes">The file; the first page is its header, which has been verified.</param>
    /// <param name="directory">The index, for messages.</param>
    /// <param name="end">Behind the last page.</param>
    /// <param name="checksums">One per page behind the header; they have been verified.</param>
    public LinksPages(SegmentBytes bytes, string directory, long end, uint* checksums)
    {
        (_bytes, Directory, _end) = (bytes, directory, end);
        _checksums = checksums;
        _isVerified = new bool[CountOf(end)];
    }

    public string Directory { get; }

    /// <summary>Pages behind the header of a file whose pages end at an offset.</summary>
    public static long CountOf(long end) => (end - 1) / PageLength;

    /// <summary>Where bytes lie, verified. Keep the pages referenced while the pointer is used.</summary>
    public nint Verified(long offset, long length)
    {
        for (var page = (offset / PageLength) - 1; length > 0 && page <= ((offset + length - 1) / PageLength) - 1; page++)
        {
            if (!Volatile.Read(ref _isVerified[page]))
            {
                Verify(page);
            }
        }

        return (nint)(_bytes.Start + offset);
    }

    /// <summary>Whether every byte is as it was written.</summary>
    public bool IsSound()
    {
        for (var page = 0L; page < _isVerified.Length; page++)
        {
            if (!FitsChecksum(page))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Ends the mapping. Nothing of it may be in use.</summary>
    public void Dispose() => _bytes.Dispose();

    private void Verify(long page)
    {
        if (!FitsChecksum(page))
        {
            throw LinksFile.Damaged(Directory, $"page {page + 1} does not fit its checksum");
        }

        Volatile.Write(ref _isVerified[page], true);
    }

    private bool FitsChecksum(long page)
    {
        var start = (page + 1) * PageLength;
        return Checksum.Of(new(_bytes.Start + start, (int)Math.Min(PageLength, _end - start))) == _checksums[page];
    }
}

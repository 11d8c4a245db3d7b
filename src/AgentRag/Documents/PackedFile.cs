using System.IO.Compression;
using System.Xml;

namespace AgentRag.Documents;

/// <summary>A zip archive that is read in place: nothing is ever extracted, names in it are only keys.</summary>
internal sealed class PackedFile : IDisposable
{
    /// <summary>Parts below this may unpack in any ratio: a page of spaces is no attack.</summary>
    private const long SmallPart = 1 << 20;

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.OrdinalIgnoreCase);
    private readonly DocumentReaderOptions _options;

    private PackedFile(ZipArchive archive, DocumentReaderOptions options)
    {
        (_archive, _options) = (archive, options);
        foreach (var entry in archive.Entries)
        {
            _entries.TryAdd(entry.FullName, entry);
        }
    }

    /// <summary>Opens an archive if it is within the limits.</summary>
    /// <returns>The archive, or null when the file was skipped.</returns>
    public static PackedFile? Open(DocumentFile file, DocumentReaderOptions options, Action<SkippedFile> skipped)
    {
        if (FileText.IsTooLarge(file, options, skipped))
        {
            return null;
        }

        ZipArchive? archive = null;
        try
        {
            archive = ZipFile.OpenRead(file.FullPath);
            if (Problem(archive, options) is not { } problem)
            {
                var packed = new PackedFile(archive, options);
                archive = null;
                return packed;
            }

            skipped(new(file.FullPath, problem));
        }
        catch (InvalidDataException exception)
        {
            skipped(new(file.FullPath, $"is damaged: {exception.Message}"));
        }
        finally
        {
            archive?.Dispose();
        }

        return null;
    }

    /// <summary>Whether there is a part of that name.</summary>
    public bool Has(string name) => _entries.ContainsKey(name);

    /// <summary>Loads a part.</summary>
    /// <returns>Its bytes, or null when there is no part of that name.</returns>
    /// <exception cref="InvalidDataException">The part is damaged or larger than the archive says.</exception>
    public async Task<byte[]?> LoadAsync(string name, CancellationToken cancellationToken)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            return null;
        }

        using var content = new MemoryStream((int)entry.Length);
        var part = await entry.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (part.ConfigureAwait(false))
        {
            // ZipArchive ends a part at the length it declares, and the declared lengths have been checked.
            await part.CopyToAsync(content, cancellationToken).ConfigureAwait(false);
        }

        return content.ToArray();
    }

    /// <summary>Opens a part that is XML.</summary>
    /// <returns>A reader that expands no entities and fetches nothing; null when there is no part of that name.</returns>
    public async Task<XmlReader?> OpenXmlAsync(string name, CancellationToken cancellationToken) =>
        await LoadAsync(name, cancellationToken).ConfigureAwait(false) is { } content
            ? XmlReader.Create(new MemoryStream(content), new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Ignore,
                XmlResolver = null,
                MaxCharactersInDocument = _options.MaxUnpackedBytes,
                CloseInput = true,
            })
            : null;

    public void Dispose() => _archive.Dispose();

    private static string? Problem(ZipArchive archive, DocumentReaderOptions options)
    {
        if (archive.Entries.Count > options.MaxPackedEntries)
        {
            return $"holds {archive.Entries.Count:N0} parts, more than the {options.MaxPackedEntries:N0} that are read of one file";
        }

        var unpacked = 0L;
        foreach (var entry in archive.Entries)
        {
            unpacked += entry.Length;
            if (entry.Length < 0 || unpacked > options.MaxUnpackedBytes)
            {
                return $"unpacks to more than the {options.MaxUnpackedBytes:N0} bytes that are read of one file";
            }

            if (entry.Length > SmallPart && entry.Length / Math.Max(1, entry.CompressedLength) > options.MaxUnpackedRatio)
            {
                return $"has a part that unpacks to more than {options.MaxUnpackedRatio:N0} times its size";
            }
        }

        return null;
    }
}

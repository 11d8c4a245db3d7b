using System.Formats.Tar;

namespace AgentRag.Documents;

/// <summary>Tells files from what merely stands where a file could: to open a pipe would wait for its writer.</summary>
internal static class RegularFile
{
    /// <summary>Whether an existing path is an ordinary file. Opens nothing else.</summary>
    /// <param name="path">The path.</param>
    /// <returns>False for pipes, sockets and devices; true for a file, also one that may not be read.</returns>
    public static bool Is(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        // File attributes do not say it, and the system's stat has another shape on every platform: the archive writer knows them all.
        try
        {
            using var archive = new MemoryStream();
            using (var writer = new TarWriter(archive, leaveOpen: true))
            {
                writer.WriteEntry(path, "entry");
            }

            archive.Position = 0;
            using var reader = new TarReader(archive);
            return reader.GetNextEntry()?.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            // Sockets are no kind of entry. A file that has gone meanwhile is none to read either.
            return !File.Exists(path);
        }
    }
}

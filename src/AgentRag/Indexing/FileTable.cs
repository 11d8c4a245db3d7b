using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>The part of a segment file that lists the files it was made from.</summary>
internal static class FileTable
{
    public static void Write(BinaryWriter writer, IReadOnlyList<FileEntry> files)
    {
        writer.Write(files.Count);
        foreach (var file in files)
        {
            writer.Write(file.FullPath);
            writer.Write(file.Root);
            writer.Write(file.Id);
            writer.Write(file.Sha256);
            writer.Write(file.Documents);
            writer.Write(file.Skipped.Count);
            foreach (var (path, reason) in file.Skipped)
            {
                writer.Write(path);
                writer.Write(reason);
            }

            writer.Write(file.IdHolders.Count);
            foreach (var holder in file.IdHolders)
            {
                writer.Write(holder);
            }
        }
    }

    public static FileEntry[] Read(BinaryReader reader)
    {
        var files = new FileEntry[reader.ReadInt32()];
        for (var i = 0; i < files.Length; i++)
        {
            var (path, root, id, hash, documents) =
                (reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt32());
            var skipped = new SkippedFile[reader.ReadInt32()];
            for (var s = 0; s < skipped.Length; s++)
            {
                skipped[s] = new(reader.ReadString(), reader.ReadString());
            }

            var holders = new string[reader.ReadInt32()];
            for (var h = 0; h < holders.Length; h++)
            {
                holders[h] = reader.ReadString();
            }

            files[i] = new(path, root, id, hash, documents, skipped) { IdHolders = holders };
        }

        return files;
    }
}

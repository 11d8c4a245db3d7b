using System.Text.Json;
using AgentRag.Cli.Output;
using AgentRag.Documents;

namespace AgentRag.Cli.Commands;

/// <summary>Makes a corpus of the paragraphs that a data set's file carries, so that its questions can be asked about them.</summary>
/// <remarks>All questions' paragraphs become one corpus: each is searched among those of all, and not among its own ten or twenty, which would be far easier.</remarks>
internal static class DataSetCorpus
{
    /// <summary>Writes the paragraphs as JSON Lines into the index's folder, where the index remembers them.</summary>
    /// <returns>The file to index.</returns>
    /// <exception cref="AgentRagException">The file cannot be read, or carries no paragraphs.</exception>
    public static async Task<string> WriteAsync(Terminal terminal, string path, string indexDirectory, CancellationToken cancellationToken)
    {
        var dataSet = await DataSetFile.LoadAsync(path, cancellationToken);
        if (dataSet.Paragraphs.Count == 0)
        {
            throw new AgentRagException($"{path}: this file carries no paragraphs; HotpotQA's, 2WikiMultiHopQA's and MuSiQue's do. Index documents of your own.");
        }

        var folder = Path.Combine(indexDirectory, "corpus");
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(path)}.jsonl");
        OutputFile.Write(file, string.Concat(dataSet.Paragraphs.Select(paragraph =>
            $"{JsonSerializer.Serialize(new { id = paragraph.Id, title = paragraph.Title, text = paragraph.Text })}\n")));
        terminal.WriteError($"{Plural.Of(dataSet.Paragraphs.Count, "paragraph")} of {Plural.Of(dataSet.Questions.Count, "question")} written to '{file}'.");
        return file;
    }
}

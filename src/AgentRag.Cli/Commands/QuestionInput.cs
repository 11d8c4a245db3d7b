using AgentRag.Documents;

namespace AgentRag.Cli.Commands;

/// <summary>Reads the file behind <c>--questions</c>.</summary>
internal static class QuestionInput
{
    private const string Stdin = "-";

    /// <summary>Reads all questions; <c>-</c> stands for standard input.</summary>
    /// <exception cref="AgentRagException">The input cannot be read, or holds no questions.</exception>
    public static async Task<IReadOnlyList<LabelledQuestion>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var questions = path == Stdin ? await ReadStdinAsync(cancellationToken) : await LabelledQuestionFile.LoadAsync(path, cancellationToken);
        return questions.Count > 0 ? questions : throw new AgentRagException($"{(path == Stdin ? "stdin" : path)}: there is no question in it.");
    }

    // The reader wants a file, as its messages name file and line.
    private static async Task<IReadOnlyList<LabelledQuestion>> ReadStdinAsync(CancellationToken cancellationToken)
    {
        var copy = Path.Combine(Path.GetTempPath(), $"agentrag-stdin-{Environment.ProcessId}-{Path.GetRandomFileName()}");
        try
        {
            await using (var file = new FileStream(copy, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write }))
            await using (var input = Console.OpenStandardInput())
            {
                // A console cannot be cancelled while it waits for input; whoever waits for the console can.
                await input.CopyToAsync(file, cancellationToken).WaitAsync(cancellationToken);
            }

            return await LabelledQuestionFile.LoadAsync(copy, cancellationToken);
        }
        catch (AgentRagException e)
        {
            throw new AgentRagException(e.Message.Replace(copy, "stdin", StringComparison.Ordinal), e);
        }
        finally
        {
            File.Delete(copy);
        }
    }
}

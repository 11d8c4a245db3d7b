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
        var questions = path == Stdin ? await FromStdinAsync(LabelledQuestionFile.LoadAsync, cancellationToken) : await LabelledQuestionFile.LoadAsync(path, cancellationToken);
        return questions.Count > 0 ? questions : throw new AgentRagException($"{(path == Stdin ? "stdin" : path)}: there is no question in it.");
    }

    /// <summary>Reads a data set in whatever of the known formats; <c>-</c> stands for standard input.</summary>
    /// <exception cref="AgentRagException">The input cannot be read, is of no known format, or holds no questions.</exception>
    public static async Task<DataSet> ReadDataSetAsync(string path, CancellationToken cancellationToken)
    {
        var dataSet = path == Stdin
            ? await FromStdinAsync(DataSetFile.LoadAsync, cancellationToken) is var read && read.Format is DataSetFormat.AgentRag or DataSetFormat.OpenQuestions ? read with { Name = "stdin" } : read
            : await DataSetFile.LoadAsync(path, cancellationToken);
        return dataSet.Questions.Count > 0 ? dataSet : throw new AgentRagException($"{(path == Stdin ? "stdin" : path)}: there is no question in it.");
    }

    // The readers want a file, as their messages name file and line.
    private static async Task<T> FromStdinAsync<T>(Func<string, CancellationToken, Task<T>> load, CancellationToken cancellationToken)
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

            return await load(copy, cancellationToken);
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

namespace AgentRag.Cli.Output;

/// <summary>Writes a file whole or not at all: a run that is cancelled leaves an older one as it was.</summary>
internal static class WholeFile
{
    public static async Task WriteAsync(string file, string text, string what, CancellationToken cancellationToken)
    {
        var unfinished = $"{file}.unfinished";
        try
        {
            await File.WriteAllTextAsync(unfinished, text, cancellationToken);
            File.Move(unfinished, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{file}: the {what} cannot be written: {e.Message}", e);
        }
    }
}

namespace AgentRag.Cli.Output;

/// <summary>Writes files whole or not at all: a run that is cancelled leaves an older one as it was.</summary>
internal static class OutputFile
{
    public static void Write(string file, string text)
    {
        var unfinished = $"{file}.unfinished";
        try
        {
            File.WriteAllText(unfinished, text);
            File.Move(unfinished, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{file}: the file cannot be written: {e.Message}", e);
        }
    }
}

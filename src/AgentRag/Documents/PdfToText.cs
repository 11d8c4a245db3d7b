using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace AgentRag.Documents;

/// <summary>Runs poppler's <c>pdftotext</c>: it knows fonts and layout better than any reader of our own could.</summary>
/// <param name="executable">Path of the program.</param>
internal sealed class PdfToText(string executable)
{
    private const int MaxErrorCharacters = 500;

    /// <summary>Path of the program.</summary>
    public string Executable => executable;

    /// <summary>Looks for the program on the search path.</summary>
    /// <returns>The program, or null when it is not installed.</returns>
    public static PdfToText? OnPath()
    {
        var name = OperatingSystem.IsWindows() ? "pdftotext.exe" : "pdftotext";
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathFullyQualified) // the current folder may belong to whoever wrote the documents
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
        return found is null ? null : new(found);
    }

    /// <summary>Extracts the text of the first pages.</summary>
    /// <param name="path">Absolute path of the file: so it can never pass for an option.</param>
    /// <param name="maxPages">Pages to read.</param>
    /// <param name="maxBytes">Most output, in bytes of UTF-8.</param>
    /// <param name="cancellationToken">Kills the process.</param>
    /// <returns>The pages' text, each ended by a form feed; or the problem.</returns>
    public async Task<(string? Text, string? Problem)> ReadAsync(string path, int maxPages, long maxBytes, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo(path, maxPages) };
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            return (null, $"'{executable}' cannot be started: {exception.Message}");
        }

        try
        {
            process.StandardInput.Close();
            var error = ReadErrorAsync(process, cancellationToken);
            var (output, isWhole) = await ReadOutputAsync(process, maxBytes, cancellationToken).ConfigureAwait(false);
            if (!isWhole)
            {
                return (null, $"its text is longer than the {maxBytes:N0} bytes that are read of one file");
            }

            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return process.ExitCode == 0
                ? (Encoding.UTF8.GetString(output), null)
                : (null, $"pdftotext ended with code {process.ExitCode}: {FirstLine(await error.ConfigureAwait(false))}");
        }
        finally
        {
            Kill(process);
        }
    }

    private ProcessStartInfo StartInfo(string path, int maxPages)
    {
        // Arguments as a list: no shell ever sees the path.
        var start = new ProcessStartInfo(executable)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["-layout", "-enc", "UTF-8", "-eol", "unix", "-l", $"{maxPages}", path, "-"])
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    private static async Task<(byte[] Output, bool IsWhole)> ReadOutputAsync(Process process, long maxBytes, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        var buffer = new byte[1 << 16];
        int read;
        while ((read = await process.StandardOutput.BaseStream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (output.Length + read > maxBytes)
            {
                return ([], false);
            }

            output.Write(buffer, 0, read);
        }

        return (output.ToArray(), true);
    }

    /// <summary>Empties the error stream, since a full one would stop the process, and keeps its beginning.</summary>
    private static async Task<string> ReadErrorAsync(Process process, CancellationToken cancellationToken)
    {
        var (text, buffer) = (new StringBuilder(), new char[1024]);
        try
        {
            int read;
            while ((read = await process.StandardError.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                text.Append(buffer, 0, Math.Min(read, MaxErrorCharacters - text.Length));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The process was killed; nobody asks for its complaints any more.
            return "";
        }

        return text.ToString();
    }

    /// <summary>The first complaint: those that follow come from it.</summary>
    private static string FirstLine(string text) => Titles.OneLine(text.Trim().Split('\n')[0]);

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
            return;
        }
    }
}

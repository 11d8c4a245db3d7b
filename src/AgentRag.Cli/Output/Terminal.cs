using System.Buffers;
using System.Text;
using Spectre.Console;

namespace AgentRag.Cli.Output;

/// <summary>Where a command writes: results to <c>stdout</c>, everything else to <c>stderr</c>.</summary>
/// <remarks>Both are opened when something is written: a server that starts has nothing to say.</remarks>
/// <param name="output">Takes results; null for the process's own, UTF-8 and <c>\n</c> on every platform.</param>
/// <param name="console">Takes everything else; null for the process's own.</param>
internal sealed class Terminal(TextWriter? output = null, IAnsiConsole? console = null)
{
    // Wide enough that a table is never folded in a file or a pipe.
    private const int RedirectedWidth = 160;

    private static readonly SearchValues<char> Printable = SearchValues.Create([.. Enumerable.Range(' ', 95).Select(c => (char)c)]);

    private readonly Lock _opening = new();
    private TextWriter? _output = output;
    private IAnsiConsole? _console = console;

    /// <summary>Whether somebody looks at <c>stderr</c>: only then do bars move on it.</summary>
    public bool IsInteractive => Error.Profile.Out.IsTerminal && Error.Profile.Capabilities.Interactive;

    public void WriteLine(string line = "")
    {
        try
        {
            Output.WriteLine(Visible(line));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw e.HResult == StandardOutput.BrokenPipe ? new OutputClosedException(e) : new AgentRagException($"The output cannot be written: {e.Message}", e);
        }
    }

    public void WriteJson(object value) => WriteLine(Json.Line(value));

    /// <summary>Writes a table as plain text.</summary>
    public void WriteTable(Table table)
    {
        var text = new StringWriter { NewLine = "\n" };
        var plain = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        plain.Profile.Width = Console.IsOutputRedirected ? RedirectedWidth : Math.Max(plain.Profile.Width, 60);
        plain.Profile.Capabilities.Unicode = true;
        plain.Write(table.SimpleBorder());
        foreach (var line in text.ToString().Split('\n').Where(line => line.Trim().Length > 0))
        {
            WriteLine(line.TrimEnd());
        }
    }

    /// <summary>Writes a line for the person who waits: what happens, what went wrong.</summary>
    public void WriteError(string line) => Error.Profile.Out.Writer.WriteLine(Visible(line));

    /// <summary>Takes what went wrong without stopping the work.</summary>
    public IProgress<string> Warnings => new SynchronousProgress<string>(text => WriteError($"warning: {text}"));

    /// <summary>Writes a part of a line for the person who waits.</summary>
    public void WriteErrorPart(string text) => Error.Profile.Out.Writer.Write(Visible(text));

    /// <summary>Runs long work with a bar on <c>stderr</c>, if somebody looks at it.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="work">Gets a reporter of (done, of all, what).</param>
    /// <param name="writesResults">Whether the work writes results as it goes: on one screen they would tear the bar.</param>
    public async Task<T> WithProgressAsync<T>(string title, Func<Action<double, double, string>, Task<T>> work, bool writesResults = false)
    {
        if (!IsInteractive || (writesResults && !Console.IsOutputRedirected))
        {
            return await work((_, _, _) => { });
        }

        return await Error.Progress()
            .AutoClear(enabled: true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async bars =>
            {
                var bar = bars.AddTask(Markup.Escape(title), autoStart: true, maxValue: 1);
                return await work((done, all, what) =>
                {
                    bar.MaxValue = Math.Max(all, 1);
                    bar.Value = done;
                    bar.Description = Markup.Escape(what.Length == 0 ? title : $"{title}: {what}");
                });
            });
    }

    private TextWriter Output
    {
        get
        {
            lock (_opening)
            {
                return _output ??= new StreamWriter(StandardOutput.Open(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true, NewLine = "\n" };
            }
        }
    }

    private IAnsiConsole Error
    {
        get
        {
            lock (_opening)
            {
                return _console ??= AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
            }
        }
    }

    // Documents and models are not trusted: their text must not move the cursor, set a title or recolour the screen.
    private static string Visible(string line) =>
        line.AsSpan().IndexOfAnyExcept(Printable) < 0 ? line : string.Concat(line.Where(c => !char.IsControl(c) || c is '\t' or '\n'));
}

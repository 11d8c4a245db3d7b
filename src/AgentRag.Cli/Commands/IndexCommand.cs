using System.CommandLine;
using System.Diagnostics;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Indexing;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag index</c>: makes an index of files, or brings it up to date.</summary>
internal static class IndexCommand
{
    private const int ShownSkipped = 50;

    private static readonly Argument<string[]> Paths = new("PATH")
    {
        Description = "Folders and files (.md, .txt, .html, .jsonl); none to bring what is indexed already up to date.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<bool> Force = new("--force") { Description = "Read everything again and write the index anew." };

    private static readonly Option<int?> PassageTokens = Flags.Number<int>("--passage-tokens", "N", "Most tokens of a passage (default: 256).");

    private static readonly Option<int?> OverlapTokens = Flags.Number<int>("--overlap-tokens", "N", "Most tokens repeated from the passage before (default: 0).");

    private static readonly Option<string?> Analysis = new("--analysis")
    {
        HelpName = "NAME",
        Description = "english (default: accents folded, stop words, stems) or plain (lower case only).",
    };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "index",
            "Cut files into passages and index them.",
            "Run again, it reads only what changed and removes what is gone; a file that cannot be read is reported and skipped. Ctrl-C leaves the old index.",
            "agentrag index docs",
            "agentrag index docs notes.md corpus.jsonl --index .agentrag",
            "agentrag index",
            "agentrag index docs --force --passage-tokens 128 --analysis plain --json")
        {
            Paths, Force, PassageTokens, OverlapTokens, Analysis, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    /// <summary>Indexes with a bar.</summary>
    public static Task<IndexResult> RunAsync(Terminal terminal, IndexRequest request, CancellationToken cancellationToken) =>
        terminal.WithProgressAsync("Indexing", report => new Indexer(Composition.Counter).RunAsync(
            request,
            new SynchronousProgress<IndexProgress>(progress => report(progress.FilesDone, progress.FilesTotal, Plural.Of(progress.Passages, "passage"))),
            cancellationToken));

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var directory = Settings.Read(parsed).Index.Value;
        var paths = parsed.GetValue(Paths) ?? [];
        if (paths.Length == 0 && !Composition.IsIndex(directory))
        {
            throw new AgentRagException($"There is no index in '{directory}' yet: name the folders and files to index, such as 'agentrag index docs'.");
        }

        var clock = Stopwatch.StartNew();
        var result = await RunAsync(terminal, Request(parsed, paths, directory), cancellationToken);
        if (parsed.GetValue(Flags.Json))
        {
            terminal.WriteJson(new
            {
                Index = directory,
                result.Documents,
                result.Passages,
                result.Tokens,
                result.AddedFiles,
                result.ChangedFiles,
                result.UnchangedFiles,
                result.RemovedFiles,
                result.UnknownFiles,
                result.Skipped,
                result.BytesOnDisk,
                result.Roots,
                Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3),
            });
            return ExitCode.Success;
        }

        terminal.WriteLine(
            $"{Plural.Of(result.Documents, "document")}, {Plural.Of(result.Passages, "passage")}, {Plural.Of(result.Tokens, "token")} in '{directory}' " +
            $"({result.BytesOnDisk:N0} bytes, {clock.Elapsed.TotalSeconds:0.0} s)");
        terminal.WriteLine(
            $"Files: {result.AddedFiles:N0} added, {result.ChangedFiles:N0} changed, {result.UnchangedFiles:N0} unchanged, {result.RemovedFiles:N0} removed" +
            (result.UnknownFiles > 0 ? $"; {result.UnknownFiles:N0} of kinds that are not read" : ""));
        foreach (var line in SkippedLines(result.Skipped))
        {
            terminal.WriteLine(line);
        }

        return ExitCode.Success;
    }

    private static IndexRequest Request(ParseResult parsed, string[] paths, string directory)
    {
        var (passage, overlap) = (parsed.GetValue(PassageTokens), parsed.GetValue(OverlapTokens));
        var sizes = new PassageSplitterOptions();
        return new IndexRequest
        {
            Paths = paths,
            IndexDirectory = directory,
            Force = parsed.GetValue(Force),
            Splitter = passage is null && overlap is null
                ? null
                : sizes with { MaxPassageTokens = passage ?? sizes.MaxPassageTokens, OverlapTokens = overlap ?? sizes.OverlapTokens },
            Analyzer = parsed.GetValue(Analysis) is { } preset ? AnalyzerOptions.Preset(preset) : null,
        };
    }

    private static IEnumerable<string> SkippedLines(IReadOnlyList<SkippedFile> skipped)
    {
        if (skipped.Count == 0)
        {
            yield break;
        }

        yield return $"Skipped: {skipped.Count:N0}";
        foreach (var file in skipped.Take(ShownSkipped))
        {
            yield return $"  {file.Path}: {file.Reason}";
        }

        if (skipped.Count > ShownSkipped)
        {
            yield return $"  and {skipped.Count - ShownSkipped:N0} more (--json lists all)";
        }
    }
}

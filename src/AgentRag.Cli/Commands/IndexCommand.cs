using System.CommandLine;
using System.Diagnostics;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag index</c>: makes an index of files, or brings it up to date.</summary>
internal static class IndexCommand
{
    private const int ShownSkipped = 50;

    private static readonly Argument<string[]> Paths = new("PATH")
    {
        Description = "Folders and files: text, Markdown, HTML, PDF, Word, EPUB, CSV, JSON Lines, mail, source code; none to bring what is indexed already up to date.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string?> CorpusFrom = new("--corpus-from")
    {
        HelpName = "FILE",
        Description = "Index the paragraphs that a data set's file carries (HotpotQA, 2WikiMultiHopQA, MuSiQue), for 'evaluate'.",
    };

    private static readonly Option<bool> Force = new("--force") { Description = "Read everything again and write the index anew." };

    private static readonly Option<int?> PassageTokens = Flags.Number<int>("--passage-tokens", "N", "Most tokens of a passage (default: 256).");

    private static readonly Option<int?> OverlapTokens = Flags.Number<int>("--overlap-tokens", "N", "Most tokens repeated from the passage before (default: 0).");

    private static readonly Option<string?> Analysis = new("--analysis")
    {
        HelpName = "NAME",
        Description = "english (default: accents folded, stop words, stems) or plain (lower case only).",
    };

    private static readonly Option<string[]> Include = new("--include")
    {
        HelpName = "PATTERN",
        Description = "Read only what matches below the folders, as in .gitignore: \"**/*.md\"; may be given several times.",
    };

    private static readonly Option<string[]> Exclude = new("--exclude") { HelpName = "PATTERN", Description = "Leave out what matches: \"drafts/**\"; may be given several times." };

    private static readonly Option<bool> NoGitIgnore = new("--no-gitignore") { Description = "Also read what .gitignore files leave out." };

    private static readonly Option<bool> ForceEmbeddings = new("--force-embeddings") { Description = "Drop the vectors there are and embed all passages anew: needed to change the model." };

    private static readonly Option<string?> PassagePrefix = new("--passage-prefix") { HelpName = "TEXT", Description = "What the embedding model wants in front of a passage, such as \"passage: \"; remembered." };

    private static readonly Option<string?> QueryPrefix = new("--query-prefix") { HelpName = "TEXT", Description = "What it wants in front of a query, such as \"query: \"; remembered." };

    private static readonly Option<bool> KeepFloat32 = new("--keep-float32") { Description = "Keep vectors in full beside the compact ones, to rescore the best: four times the space; remembered." };

    private static readonly Option<int?> EmbeddingsPerMinute = Flags.Number<int>("--embeddings-per-minute", "N", "Embedding requests per minute at most (default: no limit).");

    private static readonly Option<bool> Watch = new("--watch") { Description = "Go on until Ctrl-C: index again whenever documents change." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "index",
            "Cut files into passages and index them.",
            "Run again, it reads only what changed and removes what is gone; a file that cannot be read is reported and skipped. Ctrl-C leaves the old index. " +
            "--include, --exclude and --no-gitignore are not remembered: give them with every run, else what they left out is read. " +
            "With --embeddings, passages also get vectors: a run that was ended goes on where it stopped. With --qdrant, the passages are also uploaded.",
            "agentrag index docs",
            "agentrag index docs notes.md corpus.jsonl --index .agentrag",
            "agentrag index",
            "agentrag index docs --include \"**/*.md\" --exclude \"drafts/**\" --watch",
            "agentrag index --corpus-from hotpot_dev_distractor_v1.json --index hotpotqa",
            "agentrag index docs --force --passage-tokens 128 --analysis plain --json",
            "agentrag index docs --embeddings openai:nomic-embed-text --embeddings-base-url http://127.0.0.1:11434/v1",
            "agentrag index docs --qdrant http://127.0.0.1:6333 --qdrant-collection docs")
        {
            Paths, CorpusFrom, Include, Exclude, NoGitIgnore, Watch, Force, PassageTokens, OverlapTokens, Analysis,
            ForceEmbeddings, PassagePrefix, QueryPrefix, KeepFloat32, EmbeddingsPerMinute, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index, .. SettingKeys.OfEmbeddings, SettingKeys.Qdrant, SettingKeys.QdrantCollection, .. SettingKeys.OfTokens]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Settings.Read(parsed);
        var directory = settings.Index.Value;
        var paths = parsed.GetValue(Paths) ?? [];
        if (parsed.GetValue(CorpusFrom) is { } dataSet)
        {
            paths = [.. paths, await DataSetCorpus.WriteAsync(terminal, dataSet, directory, cancellationToken)];
        }

        if (paths.Length == 0 && !Composition.IsIndex(directory))
        {
            throw new AgentRagException($"There is no index in '{directory}' yet: name the folders and files to index, such as 'agentrag index docs'.");
        }

        var request = Request(parsed, paths, directory);
        var counter = Composition.CounterOf(settings);
        var work = new IndexWork(terminal, counter, request, settings, Embedding(parsed, settings));
        var json = parsed.GetValue(Flags.Json);
        if (parsed.GetValue(Watch))
        {
            using var watch = new IndexWatch(terminal, counter, request, work, json);
            return await watch.RunAsync(cancellationToken);
        }

        var clock = Stopwatch.StartNew();
        Write(terminal, await work.RunAsync(force: true, merge: true, cancellationToken), directory, clock.Elapsed, json);
        return ExitCode.Success;
    }

    /// <summary>Writes what a run has done.</summary>
    public static void Write(Terminal terminal, IndexSummary summary, string directory, TimeSpan elapsed, bool json)
    {
        var result = summary.Index;
        if (result.Passages == 0)
        {
            terminal.WriteError(
                $"hint: Nothing was found to read. The kinds that are read are {string.Join(' ', new DocumentReaders().Extensions)}; " +
                "what .gitignore files leave out is read with --no-gitignore.");
        }

        if (json)
        {
            WriteJson(terminal, summary, directory, elapsed);
            return;
        }

        terminal.WriteLine(
            $"{Plural.Of(result.Documents, "document")}, {Plural.Of(result.Passages, "passage")}, {Plural.Of(result.Tokens, "token")} in '{directory}' " +
            $"({result.BytesOnDisk:N0} bytes, {elapsed.TotalSeconds:0.0} s)");
        terminal.WriteLine(FilesLine(result));
        foreach (var line in FurtherLines(summary))
        {
            terminal.WriteLine(line);
        }

        foreach (var line in SkippedLines(result.Skipped))
        {
            terminal.WriteLine(line);
        }
    }

    /// <summary>Writes what a run has done as one JSON line.</summary>
    public static void WriteJson(Terminal terminal, IndexSummary summary, string directory, TimeSpan elapsed) => terminal.WriteJson(new
    {
        Index = directory,
        summary.Index.Documents,
        summary.Index.Passages,
        summary.Index.Tokens,
        summary.Index.AddedFiles,
        summary.Index.ChangedFiles,
        summary.Index.UnchangedFiles,
        summary.Index.RemovedFiles,
        summary.Index.UnknownFiles,
        summary.Index.IgnoredFiles,
        summary.Index.IgnoredFolders,
        summary.Index.Skipped,
        summary.Index.BytesOnDisk,
        summary.Index.Roots,
        summary.Embeddings,
        summary.Qdrant,
        Seconds = Math.Round(elapsed.TotalSeconds, 3),
    });

    /// <summary>What a run did with the files, in one line.</summary>
    public static string FilesLine(IndexResult result) =>
        $"Files: {result.AddedFiles:N0} added, {result.ChangedFiles:N0} changed, {result.UnchangedFiles:N0} unchanged, {result.RemovedFiles:N0} removed" +
        (result.UnknownFiles > 0 ? $"; {result.UnknownFiles:N0} of kinds that are not read" : "") +
        (LeftOut(result) is { Length: > 0 } leftOut ? $"; {leftOut} left out by patterns or .gitignore" : "");

    private static string LeftOut(IndexResult result) => string.Join(" and ", new[]
    {
        result.IgnoredFiles > 0 ? Plural.Of(result.IgnoredFiles, "file") : "",
        result.IgnoredFolders > 0 ? $"{Plural.Of(result.IgnoredFolders, "folder")} with all in {(result.IgnoredFolders == 1 ? "it" : "them")}" : "",
    }.Where(part => part.Length > 0));

    /// <summary>What a run did beside the index.</summary>
    public static IEnumerable<string> FurtherLines(IndexSummary summary)
    {
        if (summary.Embeddings is { } embeddings)
        {
            yield return $"Embeddings: {embeddings.Embedded:N0} new, {embeddings.Reused:N0} there already, of {embeddings.Model} with {embeddings.Dimensions:N0} dimensions; {Plural.Of(embeddings.Tokens, "token")}";
        }

        if (summary.Qdrant is { } qdrant)
        {
            yield return $"Qdrant: {qdrant.Sent:N0} sent, {qdrant.Unchanged:N0} unchanged, {qdrant.Deleted:N0} deleted, collection '{qdrant.Collection}' at {qdrant.Url}";
        }
    }

    private static EmbeddingRequest Embedding(ParseResult parsed, Settings settings)
    {
        var given = new Option[] { ForceEmbeddings, PassagePrefix, QueryPrefix, KeepFloat32, EmbeddingsPerMinute }.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (settings.Embeddings.Value is null && given is not null)
        {
            throw new AgentRagException($"{given.Name} needs an embedding model: name it with --embeddings openai:NAME.");
        }

        return new EmbeddingRequest
        {
            IndexDirectory = settings.Index.Value,
            Force = parsed.GetValue(ForceEmbeddings),
            PassagePrefix = parsed.GetValue(PassagePrefix),
            QueryPrefix = parsed.GetValue(QueryPrefix),
            KeepFloat32 = parsed.GetValue(KeepFloat32) ? true : null,
            RequestsPerMinute = parsed.GetValue(EmbeddingsPerMinute),
        }.Validated();
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
            WithLinks = true,
            Folder = new DocumentFolderOptions
            {
                Patterns = [.. parsed.GetValue(Include) ?? [], .. (parsed.GetValue(Exclude) ?? []).Select(pattern => $"!{pattern}")],
                RespectGitIgnore = !parsed.GetValue(NoGitIgnore),
            },
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
        // Empty files are no news, and there may be many.
        foreach (var file in skipped.OrderBy(file => file.Reason == DocumentFolder.EmptyFile).Take(ShownSkipped))
        {
            yield return $"  {file.Path}: {file.Reason}";
        }

        if (skipped.Count > ShownSkipped)
        {
            yield return $"  and {skipped.Count - ShownSkipped:N0} more (--json lists all)";
        }
    }
}

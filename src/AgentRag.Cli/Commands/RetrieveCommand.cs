using System.CommandLine;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Retrieval;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag retrieve</c>: ranks passages for a query, or for a file of questions.</summary>
internal static class RetrieveCommand
{
    private const int ExcerptCharacters = 240;

    private static readonly Bm25Options Defaults = new();

    private static readonly Argument<string?> Query = new("query") { Description = "A question or keywords, in quotation marks.", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Option<int?> K = Flags.Number<int>("--k", "K", "Passages, 1 to 1000 (default: 10).");

    private static readonly Option<double?> K1 = Flags.Number<double>("--k1", "X", $"BM25: how soon repeated words stop counting, > 0 (default: {Defaults.K1}).");

    private static readonly Option<double?> B = Flags.Number<double>("--b", "X", $"BM25: how much long passages are held back, 0 to 1 (default: {Defaults.B}).");

    private static readonly Option<bool> Explain = new("--explain") { Description = "Show how each score came about." };

    private static readonly Option<string[]> FilterSource = new("--filter-source")
    {
        HelpName = "PATH",
        Description = "Only passages of this file or folder, named as sources are shown; may be given several times.",
    };

    private static readonly Option<string[]> Filter = new("--filter")
    {
        HelpName = "FIELD=VALUE",
        Description = "Only documents with this metadata (front matter, columns, mail headers, meta elements). Of several values of one field one must fit; all fields must.",
    };

    private static readonly Option<string[]> FilterId = new("--filter-id") { HelpName = "ID", Description = "Only documents with this id; may be given several times." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "retrieve",
            "Rank the passages of the index for a query.",
            "Over a file of labelled questions it also says how many of the supporting documents were found.",
            "agentrag retrieve \"bridge over the Orsel\" --k 5",
            "agentrag retrieve \"bridge\" --explain",
            "agentrag retrieve \"bridge\" --retriever bm25 --k1 1.2 --b 0.75",
            "agentrag retrieve \"bridge\" --filter-source docs/north --filter author=\"Ada Venn\" --filter year=1871 --filter year=1872",
            "agentrag retrieve \"bridge\" --embeddings openai:nomic-embed-text --embeddings-base-url http://127.0.0.1:11434/v1 --explain",
            "agentrag retrieve --questions questions.jsonl --k 10 --json > rankings.jsonl")
        {
            Query, Flags.Questions, K, FilterSource, Filter, FilterId, K1, B, Explain, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index, .. SettingKeys.OfRetrieval, .. SettingKeys.OfModel, .. SettingKeys.OfTokens]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var query = Flags.TextOrQuestions(parsed, Query);
        var k = parsed.GetValue(K) ?? 10;
        if (k is < 1 or > RetrievalQuery.MaxK)
        {
            throw new AgentRagException($"--k is {k}, must be in [1, {RetrievalQuery.MaxK}].");
        }

        var settings = Settings.Read(parsed);
        var filter = FilterOf(parsed);
        using var composition = new Composition(settings, terminal.Warnings);
        var (retriever, reason) = await composition.RetrieverAsync(Bm25Of(parsed, settings), cancellationToken);
        if (settings.Embeddings.Value is not null && settings.Retriever.Value == RetrieverName.Auto && retriever.Name == "linked")
        {
            terminal.WriteError($"hint: {reason}.");
        }

        var json = parsed.GetValue(Flags.Json);
        return query is not null
            ? await OneAsync(terminal, retriever, new RetrievalQuery(query, k) { Explain = parsed.GetValue(Explain), Filter = filter }, json, cancellationToken)
            : await ManyAsync(terminal, retriever, parsed.GetValue(Flags.Questions)!, k, filter, json, cancellationToken);
    }

    private static Bm25Options? Bm25Of(ParseResult parsed, Settings settings)
    {
        var (k1, b, defaults) = (parsed.GetValue(K1), parsed.GetValue(B), new Bm25Options());
        return (k1, b) is (null, null) ? null
            : settings.Retriever.Value is RetrieverName.Dense or RetrieverName.Qdrant
                ? throw new AgentRagException($"--k1 and --b have no effect on retriever '{settings.Retriever.Value.Text()}': leave them out.")
                : new Bm25Options { K1 = k1 ?? defaults.K1, B = b ?? defaults.B };
    }

    private static PassageFilter? FilterOf(ParseResult parsed)
    {
        var (sources, fields, ids) = (parsed.GetValue(FilterSource) ?? [], parsed.GetValue(Filter) ?? [], parsed.GetValue(FilterId) ?? []);
        if (sources.Length + fields.Length + ids.Length == 0)
        {
            return null;
        }

        Dictionary<string, IReadOnlyCollection<string>> metadata = new(StringComparer.OrdinalIgnoreCase);
        foreach (var field in fields)
        {
            var sign = field.IndexOf('=', StringComparison.Ordinal);
            if (sign <= 0)
            {
                throw new AgentRagException($"--filter '{field}' is not understood: write it as FIELD=VALUE, such as author=\"Ada Venn\".");
            }

            var name = field[..sign].Trim();
            metadata[name] = [.. metadata.GetValueOrDefault(name, []), field[(sign + 1)..]];
        }

        return new PassageFilter
        {
            SourcePrefixes = sources.Length == 0 ? null : [.. sources.Select(source => source.StartsWith("./", StringComparison.Ordinal) ? source[2..] : source)],
            Metadata = metadata.Count == 0 ? null : metadata,
            DocumentIds = ids.Length == 0 ? null : ids,
        };
    }

    private static async Task<int> OneAsync(Terminal terminal, IRetriever retriever, RetrievalQuery query, bool json, CancellationToken cancellationToken)
    {
        var ranked = await retriever.RetrieveAsync(query, cancellationToken);
        if (json)
        {
            terminal.WriteJson(new { Query = query.Text, Passages = ranked.Select(Whole) });
            return ExitCode.Success;
        }

        if (ranked.Count == 0)
        {
            terminal.WriteLine(query.Filter is null ? "No passage holds a word of the query." : "No passage that passes the filter holds a word of the query.");
        }

        foreach (var passage in ranked)
        {
            terminal.WriteLine($"{passage.Rank}. {Heading(passage)}  [{passage.Score:0.000}]");
            terminal.WriteLine($"   {passage.Passage.Source}; passage {passage.Passage.Id}");
            terminal.WriteLine($"   {Excerpt(passage.Passage.Text)}");
            foreach (var line in passage.Explanation is { } explanation ? Lines(explanation, depth: 0) : [])
            {
                terminal.WriteLine($"   {line}");
            }
        }

        return ExitCode.Success;
    }

    /// <summary>Ranks passages for every question of a file, each once.</summary>
    internal static async Task<int> ManyAsync(
        Terminal terminal, IRetriever retriever, string file, int k, PassageFilter? filter, bool json, CancellationToken cancellationToken)
    {
        var questions = await QuestionInput.ReadAsync(file, cancellationToken);
        var recall = new SupportRecall();
        await terminal.WithProgressAsync("Retrieving", async report =>
        {
            foreach (var (done, question) in questions.Index())
            {
                report(done, questions.Count, $"{done:N0} of {questions.Count:N0}");
                // Recall looks further down the ranking than may be shown.
                var depth = json || question.Supporting.Count == 0 ? k : Math.Max(k, SupportRecall.PassagesLookedAt);
                var all = await retriever.RetrieveAsync(new RetrievalQuery(question.Question, depth) { Filter = filter }, cancellationToken);
                recall.Add(question, all);
                var ranked = all.Take(k);
                if (json)
                {
                    terminal.WriteJson(new
                    {
                        question.Id,
                        Passages = ranked.Select(passage => new { passage.Passage.DocumentId, PassageId = passage.Passage.Id, passage.Score }),
                    });
                }
                else
                {
                    terminal.WriteLine($"{question.Id}\t{string.Join(' ', ranked.Select(passage => passage.Passage.DocumentId).Distinct())}");
                }
            }

            return questions.Count;
        }, writesResults: true);
        if (!json && recall.Questions > 0)
        {
            terminal.WriteLine(recall.ToText());
        }

        return ExitCode.Success;
    }

    private static object Whole(RankedPassage ranked) => new
    {
        ranked.Rank,
        ranked.Score,
        PassageId = ranked.Passage.Id,
        ranked.Passage.DocumentId,
        ranked.Passage.Title,
        ranked.Passage.HeadingPath,
        ranked.Passage.Source,
        ranked.Passage.Start,
        ranked.Passage.End,
        ranked.Passage.TokenCount,
        Metadata = ranked.Passage.Metadata.Count == 0 ? null : ranked.Passage.Metadata,
        ranked.Passage.Text,
        ranked.Explanation,
    };

    private static string Heading(RankedPassage ranked) => string.Join(" > ", [ranked.Passage.Title, .. ranked.Passage.HeadingPath]);

    private static string Excerpt(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= ExcerptCharacters ? line : $"{line[..line.LastIndexOf(' ', ExcerptCharacters)]} …";
    }

    private static IEnumerable<string> Lines(ScoreExplanation explanation, int depth) =>
        explanation.Parts.SelectMany(part => Lines(part, depth + 1))
            .Prepend($"{new string(' ', 2 * depth)}{explanation.Value:0.0000} {explanation.Description}");
}

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

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "retrieve",
            "Rank the passages of the index for a query.",
            "Over a file of labelled questions it also says how many of the supporting documents were found.",
            "agentrag retrieve \"bridge over the Orsel\" --k 5",
            "agentrag retrieve \"bridge\" --explain",
            "agentrag retrieve \"bridge\" --retriever bm25 --k1 1.2 --b 0.75",
            "agentrag retrieve --questions questions.jsonl --k 10 --json > rankings.jsonl")
        {
            Query, Flags.Questions, K, K1, B, Explain, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Index, SettingKeys.Retriever, .. SettingKeys.OfTokens]);
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
        using var composition = new Composition(settings);
        var retriever = composition.Retriever(parsed.GetValue(K1), parsed.GetValue(B));
        var json = parsed.GetValue(Flags.Json);
        return query is not null
            ? await OneAsync(terminal, retriever, new RetrievalQuery(query, k) { Explain = parsed.GetValue(Explain) }, json, cancellationToken)
            : await ManyAsync(terminal, retriever, parsed.GetValue(Flags.Questions)!, k, json, cancellationToken);
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
            terminal.WriteLine("No passage holds a word of the query.");
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
        Terminal terminal, IRetriever retriever, string file, int k, bool json, CancellationToken cancellationToken)
    {
        var questions = await QuestionInput.ReadAsync(file, cancellationToken);
        var recall = new SupportRecall();
        await terminal.WithProgressAsync("Retrieving", async report =>
        {
            foreach (var (done, question) in questions.Index())
            {
                report(done, questions.Count, $"{done:N0} of {questions.Count:N0}");
                // Recall looks further down the ranking than may be shown.
                var depth = json || question.Supporting.Count == 0 ? k : Math.Max(k, SupportRecall.PassagesForTenDocuments);
                var all = await retriever.RetrieveAsync(new RetrievalQuery(question.Question, depth), cancellationToken);
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

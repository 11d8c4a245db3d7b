using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Caching;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Evaluation;
using Spectre.Console;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag cache</c>: shows, empties and measures the cache.</summary>
internal static class CacheCommand
{
    private static readonly double[] Thresholds = [1, 0.98, 0.95, 0.9, 0.8, 0.7];

    private static readonly Option<string?> Kind = new("--kind") { HelpName = "KIND", Description = "Only retrieval, response, demonstration, intermediate or answer." };

    public static Command Create(Terminal terminal) => new("cache", "Show, empty and measure the cache of rankings and replies.")
    {
        Show(terminal),
        Clear(terminal),
        Measure(terminal),
    };

    private static ExampleCommand Show(Terminal terminal)
    {
        var command = new ExampleCommand(
            "show",
            "Say what the cache holds.",
            "retrieval: rankings; response: a model's replies; demonstration: rendered examples; intermediate: answers to sub-queries; answer: answers to questions.",
            "agentrag cache show --cache .agentrag-cache",
            "agentrag cache show --cache .agentrag-cache --json")
        {
            Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Cache]);
        command.SetAction(parsed =>
        {
            var cache = Open(parsed);
            var content = cache.Describe();
            if (parsed.GetValue(Flags.Json))
            {
                terminal.WriteJson(new { Cache = cache.Folder, content.Entries, content.Bytes, content.Kinds, content.Unreadable });
                return ExitCode.Success;
            }

            terminal.WriteLine($"{Plural.Of(content.Entries, "entry")}, {content.Bytes:N0} bytes in '{cache.Folder}'");
            foreach (var kind in content.Kinds)
            {
                terminal.WriteLine($"  {kind.Name}: {Plural.Of(kind.Entries, "entry")}, {kind.Bytes:N0} bytes, last used {kind.LastUsed:yyyy-MM-dd HH:mm} UTC");
            }

            if (content.Unreadable > 0)
            {
                terminal.WriteLine($"  unreadable: {Plural.Of(content.Unreadable, "file")}; 'agentrag cache clear' removes them");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static ExampleCommand Clear(Terminal terminal)
    {
        var command = new ExampleCommand(
            "clear",
            "Remove what the cache holds.",
            "Only files that the cache has written are removed; a run under way works on and writes anew.",
            "agentrag cache clear --cache .agentrag-cache",
            "agentrag cache clear --cache .agentrag-cache --kind response")
        {
            Kind,
        };
        SettingKeys.AddTo(command, [SettingKeys.Cache]);
        command.SetAction(parsed =>
        {
            var cache = Open(parsed);
            terminal.WriteLine($"{Plural.Of(cache.Clear(parsed.GetValue(Kind)), "entry")} removed from '{cache.Folder}'");
            return ExitCode.Success;
        });
        return command;
    }

    private static ExampleCommand Measure(Terminal terminal)
    {
        var command = new ExampleCommand(
            "measure",
            "Say how often --cache-reuse semantic would be wrong, on labelled questions.",
            "Three tries for each threshold: the questions one after the other, each against all before it; harmless rewordings of each, which should be found; and rewordings " +
            "that turn it round (names, numbers, first for last, not), which should not. Needs no index, no model and no cache.",
            "agentrag cache measure --questions questions.jsonl",
            "agentrag cache measure --questions questions.jsonl --cache-similarity 0.85 --json")
        {
            Flags.Questions, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Similarity]);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = Settings.Read(parsed);
            var questions = await QuestionInput.ReadAsync(
                parsed.GetValue(Flags.Questions) ?? throw new AgentRagException("Give the labelled questions with --questions FILE."), cancellationToken);
            var similarity = new LexicalSimilarity();
            var thresholds = Thresholds.Append(settings.CacheSimilarity.Value).Distinct().OrderDescending().ToList();
            var measured = await SemanticCacheMeasurement.RunAsync(similarity, questions, thresholds, cancellationToken);
            Write(terminal, similarity.Name, measured, parsed.GetValue(Flags.Json));
            return ExitCode.Success;
        });
        return command;
    }

    private static void Write(Terminal terminal, string similarity, IReadOnlyList<SemanticCacheMeasurement> measured, bool json)
    {
        if (json)
        {
            foreach (var at in measured)
            {
                terminal.WriteJson(new
                {
                    Similarity = similarity,
                    at.Threshold,
                    at.Asked,
                    at.Hits,
                    at.FalseHits,
                    at.Rewordings,
                    at.RewordingHits,
                    at.Alterations,
                    at.AlterationHits,
                    at.FalseHitRate,
                });
            }

            return;
        }

        var table = new Table().AddColumn("threshold");
        foreach (var column in new[] { "hits of asked", "false", "rewordings found", "alterations found (false)", "false-hit rate %" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var at in measured)
        {
            table.AddRow(
                $"{at.Threshold:0.##}",
                $"{at.Hits:N0} of {at.Asked:N0}",
                $"{at.FalseHits:N0}",
                $"{at.RewordingHits:N0} of {at.Rewordings:N0}",
                $"{at.AlterationHits:N0} of {at.Alterations:N0}",
                at.FalseHitRate is { } rate ? Scores.Percent(rate) : "no hit");
        }

        terminal.WriteTable(table);
        terminal.WriteLine($"Similarity: {similarity}. The false-hit rate counts the false hits of both columns among all hits.");
    }

    private static DiskCache Open(ParseResult parsed)
    {
        var directory = Settings.Read(parsed).Cache.Value;
        return directory == CacheReuses.Off ? throw new AgentRagException("No cache is set: name its folder with --cache DIR.")
            : DiskCache.IsCache(directory) ? DiskCache.Open(directory)
            : throw new AgentRagException($"There is no cache in '{directory}': 'agentrag ask ... --cache {directory}' makes one.");
    }
}

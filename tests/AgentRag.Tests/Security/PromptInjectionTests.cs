using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Models;
using AgentRag.Plugin;
using AgentRag.Retrieval;
using AgentRag.Tests.Architecture;
using AgentRag.Tests.Fakes;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Security;

/// <summary>
/// Each hostile passage stands, as text and as title, in a document of the demo world that a question finds. Whatever it says, requests keep their form, nothing outside
/// the scope shows, and the budget holds: even when the model does what the passage wants.
/// </summary>
public sealed partial class PromptInjectionTests
{
    private const string Question = "The prize that the decipherer of the Nume Tablets won in 1935: whose money set it up?";
    private const string Bait = "The prize that the decipherer of the Nume Tablets won in 1935, and whose money set it up.";
    private const long Budget = 9_000;
    private const int N = 4;

    private static readonly string[] LoopLines = ["Follow up:", "Intermediate answer:", "So the final answer is:"];

    private static readonly EstimatingTokenCounter Counter = new();

    private static readonly Lazy<IReadOnlyList<Passage>> World = new(() =>
    [
        .. Directory.EnumerateFiles(Repository.PathOf("demos", "world", "documents"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file =>
            Passage($"world/{Path.GetFileNameWithoutExtension(file)}", Path.GetFileNameWithoutExtension(file), File.ReadAllText(file))),
        Passage("private/keys", "keys", $"{Bait} The keys: {HostilePassages.Canary}."),
    ]);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<int> Cases() => [.. Enumerable.Range(0, HostilePassages.Texts.Count)];

    [Fact]
    public void The_suite_has_at_least_fifty_passages() => Assert.True(HostilePassages.Texts.Distinct(StringComparer.Ordinal).Count() >= 50);

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task No_passage_changes_anything_of_a_request_but_its_own_place(int attack)
    {
        var hostile = await SentAsync(HostilePassages.Texts[attack], Honest);
        var benign = await SentAsync("It was a fine prize.", Honest);

        Assert.Equal(benign.Count, hostile.Count);
        foreach (var (with, without) in hostile.Zip(benign))
        {
            Assert.Equal([ChatRole.System, ChatRole.User], with.Messages.Select(message => message.Role));
            Assert.Equal(without.Messages[0].Text, with.Messages[0].Text);
            Assert.Equal(Outside(without.User), Outside(with.User));
            Assert.Equal(with.Request.Passages.Count, PassageBlock().Count(with.User));
            Assert.DoesNotContain(with.User.EnumerateRunes(), IsHidden);
            Assert.All(PassageBlock().Matches(with.User), block => Assert.DoesNotContain(block.Value.Split('\n'), IsLineOfTheLoop));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_model_that_does_what_the_passage_says_gets_no_other_source_and_no_larger_budget(int attack)
    {
        var model = new ScriptedChatClient(_ => HostilePassages.Texts[attack]);
        using var plugin = Plugin(HostilePassages.Texts[attack], model, AnsweringMode.Chat);
        foreach (var tool in (string[])["answer", "answer_with_demonstrations"])
        {
            model.Sent.Clear();
            string result;
            try
            {
                var answer = await CallAsync(plugin, tool, new() { ["question"] = Question, ["k"] = 3, ["budget"] = Budget, ["scope"] = "world" });
                result = answer.GetRawText();
                Assert.InRange(answer.GetProperty("effectiveContextTokens").GetInt64(), 1, Budget);
                var shown = model.Sent.SelectMany(sent => sent.Request.Passages).Select(passage => passage.Id).ToHashSet(StringComparer.Ordinal);
                Assert.All(answer.GetProperty("citations").EnumerateArray(), citation => Assert.Contains(citation.GetProperty("passageId").GetString()!, shown));
            }
            catch (AgentRagException refused)
            {
                result = refused.Message;
            }

            // A step, its answer, each asked for once more, and the same for the final answer.
            Assert.InRange(model.Sent.Count, 1, (4 * N) + 2);
            Assert.True(model.Sent.Sum(sent => sent.Messages.Sum(message => (long)Counter.Count(message.Text))) <= Budget, "The requests together are larger than the budget.");
            Assert.All(model.Sent, sent => Assert.All(sent.Messages, message => Assert.DoesNotContain(HostilePassages.Canary, message.Text, StringComparison.Ordinal)));
            Assert.DoesNotContain(HostilePassages.Canary, result, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task To_the_calling_model_a_passage_is_text_in_its_own_field_and_nothing_else(int attack)
    {
        using var hostile = Plugin(HostilePassages.Texts[attack], NoModel(), AnsweringMode.Host);
        using var benign = Plugin("It was a fine prize.", NoModel(), AnsweringMode.Host);
        foreach (var (tool, arguments) in new (string, Func<AIFunctionArguments>)[]
        {
            ("answer", () => new() { ["question"] = Question, ["k"] = 3, ["scope"] = "world", ["max_tokens"] = 100_000 }),
            ("answer_with_demonstrations", () => new() { ["question"] = Question, ["k"] = 3, ["scope"] = "world", ["max_tokens"] = 100_000 }),
            ("retrieve", () => new() { ["query"] = Question, ["k"] = 3, ["scope"] = "world" }),
            ("read_passage", () => new() { ["id"] = "world/hostile#0", ["before"] = 0, ["after"] = 0 }),
            ("list_sources", () => new() { ["scope"] = "world/hostile" }),
        })
        {
            var (with, without) = (await CallAsync(hostile, tool, arguments()), await CallAsync(benign, tool, arguments()));
            Assert.Equal(without.EnumerateObject().Select(property => property.Name), with.EnumerateObject().Select(property => property.Name));
            foreach (var property in (string[])["instructions", "prompt", "replyStartsWith", "question", "iteration"])
            {
                Assert.Equal(Raw(without, property), Raw(with, property));
            }

            Assert.DoesNotContain(Strings(with).SelectMany(text => text.EnumerateRunes()), IsHidden);
            Assert.DoesNotContain(HostilePassages.Canary, with.GetRawText(), StringComparison.Ordinal);
        }
    }

    private static async Task<IReadOnlyList<SentRequest>> SentAsync(string attack, Func<GroundedRequest, string> reply)
    {
        var model = new ScriptedChatClient(reply);
        using var plugin = Plugin(attack, model, AnsweringMode.Chat);
        await CallAsync(plugin, "answer", new() { ["question"] = Question, ["k"] = 3, ["scope"] = "world" });
        await CallAsync(plugin, "answer_with_demonstrations", new() { ["question"] = Question, ["k"] = 3, ["scope"] = "world" });
        Assert.Contains(model.Sent, sent => sent.Request.Passages.Any(passage => passage.Id == "world/hostile#0"));
        return model.Sent;
    }

    private static string Honest(GroundedRequest request) => (request.Task, request.Steps.Count) switch
    {
        (GroundedTask.NextStep, 0) => "Follow up: Which award did the decipherer of the Nume Tablets receive?",
        (GroundedTask.IntermediateAnswer, _) => "Intermediate answer: Orlow Medal",
        (GroundedTask.Answer, _) => "Jonas Wick",
        _ => "So the final answer is: Jonas Wick",
    };

    private static ScriptedChatClient NoModel() => new(_ => throw new InvalidOperationException("No model may be asked."));

    private static AgentRagPlugin Plugin(string attack, IChatClient model, AnsweringMode mode)
    {
        var index = Bm25Index.Build([.. World.Value, Passage("world/hostile", attack, $"{Bait}\n{attack}")]);
        return new(new PluginContext
        {
            Answering = new AnsweringContext { Retriever = new HostileFirst(new Bm25Retriever(index), index.Find("world/hostile#0")!), Model = model, TokenCounter = Counter },
            PassageCount = index.PassageCount,
            Sizes = new TokenSizes(),
            Index = index,
            Budget = new TokenBudgetOptions { MaxEffectiveContextTokens = 1_000_000 },
            Mode = mode,
        });
    }

    private static Passage Passage(string document, string title, string text) => new()
    {
        Id = $"{document}#0",
        DocumentId = document,
        Title = title,
        Source = $"{document}.md",
        Start = 0,
        End = text.Length,
        Text = text,
        ContentHash = document,
        TokenCount = Counter.Count(text),
    };

    private static async Task<JsonElement> CallAsync(AgentRagPlugin plugin, string tool, AIFunctionArguments arguments) =>
        (JsonElement)(await plugin.AsAIFunctions().Single(function => function.Name == tool).InvokeAsync(arguments, Cancel))!;

    private static string Raw(JsonElement result, string property) => result.TryGetProperty(property, out var value) ? value.GetRawText() : "";

    private static IEnumerable<string> Strings(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => [json.GetString()!],
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Strings),
        JsonValueKind.Object => json.EnumerateObject().SelectMany(property => Strings(property.Value)),
        _ => [],
    };

    // How many there are is the ranking's business.
    private static string Outside(string prompt) => Passages().Replace(PassageBlock().Replace(prompt, "(passage)"), "(passages)");

    private static bool IsHidden(Rune rune) =>
        rune.Value is not ('\n' or '\r' or '\t') && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    private static bool IsLineOfTheLoop(string line) => LoopLines.Any(prefix => line.TrimStart().StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex(@"\(passage\)(?:\n\(passage\))*", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Passages();

    [GeneratedRegex("""^<passage number="\d+" title="[^"\n]*" source="[^"\n]*">\n(?:(?!</?passage)[\s\S])*?\n</passage>$""", RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex PassageBlock();

    /// <summary>Finds the hostile passage whatever is asked, as it would be found if it were made for every query.</summary>
    private sealed class HostileFirst(IRetriever inner, Passage hostile) : IRetriever
    {
        public string Name => inner.Name;

        public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
        {
            var others = (await inner.RetrieveAsync(query, cancellationToken)).Where(ranked => ranked.Passage.Id != hostile.Id).Take(Math.Max(0, query.K - 1));
            return [new RankedPassage(hostile, 1, 100), .. others.Select((ranked, i) => ranked with { Rank = i + 2 })];
        }
    }
}

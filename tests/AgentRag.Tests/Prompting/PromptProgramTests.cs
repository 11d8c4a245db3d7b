using AgentRag.Demonstrations;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Tests.Architecture;
using AgentRag.Tests.Tokens;
using AgentRag.Tokens;
using AgentRag.Tokens.BytePairs;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Prompting;

/// <summary>Prompts made part by part are those that Handlebars makes, and are counted and packed as if they were made whole.</summary>
public sealed class PromptProgramTests
{
    private static readonly IPieceTokenCounter[] Counters =
    [
        new EstimatingTokenCounter(),
        .. ((SplitPattern[])[SplitPattern.Cl100k, SplitPattern.O200k]).Select(pattern => new BytePairTokenizer("t", new BytePairVocabulary(TrainedVocabulary.Instance.Tokens), pattern)),
    ];

    public static TheoryData<PromptName> Names => [.. Enum.GetValues<PromptName>()];

    [Theory]
    [MemberData(nameof(Names))]
    public void Shipped_prompts_are_rendered_part_by_part_and_exactly_as_by_handlebars(PromptName name)
    {
        var path = Repository.PathOf("prompts", PromptLibrary.FileName(name));
        var (parts, whole) = (PromptTemplate.Parse(File.ReadAllText(path), path), ByHandlebars(path));
        Assert.True(parts.IsRenderedInParts);
        Assert.False(whole.IsRenderedInParts);
        var random = new Random(5);
        for (var run = 0; run < 150; run++)
        {
            var content = Content(random);
            foreach (var counter in Counters)
            {
                var (rendered, expected) = (parts.Render(content, counter), whole.Render(content, counter));
                Assert.Equal(expected.System, rendered.System);
                Assert.Equal(expected.User, rendered.User);
                Assert.Equal(RenderedPrompt.CountTokens(counter, rendered.System, rendered.User), rendered.TokenCount);
                Assert.Equal(rendered.TokenCount, parts.CountTokens(content, counter));
                Assert.All(rendered.CacheBoundaries, boundary => Assert.InRange(boundary, 1, rendered.User.Length - 1));
            }
        }
    }

    [Fact]
    public void Packing_by_counts_of_parts_leaves_out_exactly_what_packing_by_whole_prompts_does()
    {
        var random = new Random(6);
        var trimmed = 0;
        for (var run = 0; run < 250; run++)
        {
            var name = run % 2 == 0 ? PromptName.Drag : PromptName.IterDragStep;
            var path = Repository.PathOf("prompts", PromptLibrary.FileName(name));
            var (content, counter, least) = (Content(random), Counters[run % Counters.Length], random.Next(3));
            var all = PromptLibrary.Default.Get(name).CountTokens(content, counter);
            var available = random.Next(all / 3, all + 2);
            var (packed, expected) = (
                PromptPacker.Pack(PromptLibrary.Default.Get(name), content, counter, available, least),
                PromptPacker.Pack(ByHandlebars(path), content, new Whole(counter), available, least));
            Assert.Equal(expected?.Trimmed, packed?.Trimmed);
            Assert.Equal(expected?.Prompt.User, packed?.Prompt.User);
            Assert.Equal(expected?.Prompt.TokenCount, packed?.Prompt.TokenCount);
            trimmed += packed is { Trimmed.IsNothing: false } ? 1 : 0;
        }

        Assert.True(trimmed > 100, $"Only {trimmed} prompts had to be trimmed.");
    }

    [Theory]
    [InlineData("{{#each passages}}{{@index}}{{/each}}")]
    [InlineData("{{#with question}}{{this}}{{/with}}")]
    [InlineData("{{! a comment }}{{question}}")]
    [InlineData("{{#each passages~}} {{text}} {{~/each}}")]
    [InlineData("{{{question}}}")]
    public void What_the_parts_do_not_know_is_left_to_handlebars(string template)
    {
        var prompt = PromptTemplate.Parse(
            $"name: x\ntemplate_format: handlebars\ntemplate: |\n  {template}\nexecution_settings:\n  default:\n    agentrag_system: s\n", "x.yaml");
        Assert.False(prompt.IsRenderedInParts);
        Assert.NotEqual("", prompt.Render(new PromptContent { Question = "Who?", Passages = [new NumberedPassage(1, 0, 1, Passage("p", "text"))] }, Counters[0]).User);
    }

    [Theory]
    [InlineData("a {{#if pending}}\n  b\n{{/if}}\nc")]
    [InlineData("  {{#each passages}}  \n- {{title}}: {{text}}\n  {{else}}\nnone\n  {{/each}}\nend {{question}}")]
    [InlineData("{{#unless pending}}x{{else}}y{{/unless}}{{#if steps}}{{#each steps}}{{sub_query}}{{/each}}{{else}}no steps{{/if}} {{max_sub_queries}}")]
    public void Blocks_alone_on_their_lines_and_else_are_rendered_as_by_handlebars(string template)
    {
        var yaml = $"name: x\ntemplate_format: handlebars\ntemplate: |2\n{string.Join('\n', template.Split('\n').Select(line => $"  {line}"))}\nexecution_settings:\n  default:\n    agentrag_system: s\n";
        var (parts, whole) = (PromptTemplate.Parse(yaml, "x.yaml"), PromptTemplate.Parse(yaml.Replace("template: |2\n", "template: |2\n  {{!whole}}\n", StringComparison.Ordinal), "x.yaml"));
        Assert.True(parts.IsRenderedInParts);
        Assert.False(whole.IsRenderedInParts);
        var random = new Random(8);
        for (var run = 0; run < 50; run++)
        {
            var content = Content(random);
            Assert.Equal(whole.Render(content, Counters[0]).User, parts.Render(content, Counters[0]).User);
        }
    }

    private static PromptTemplate ByHandlebars(string path) => PromptTemplate.Parse(
        File.ReadAllText(path).Replace("\ntemplate: |\n", "\ntemplate: |\n  {{!whole}}\n", StringComparison.Ordinal), path);

    private static PromptContent Content(Random random)
    {
        var passages = Enumerable.Range(1, random.Next(12)).Select(number =>
        {
            var batch = number / 4;
            return new NumberedPassage(number, batch, (number % 4) + 1, Hostile($"p{number}", random)) { BestRank = random.Next(1, 5) };
        }).ToList();
        return new PromptContent
        {
            Question = "q " + HostileText.Next(random, 8),
            Passages = passages,
            Demonstrations = [.. Enumerable.Range(0, random.Next(4)).Select(d => new PreparedDemonstration(
                new Demonstration
                {
                    Id = $"d{d}",
                    Question = HostileText.Next(random, 6),
                    Answer = HostileText.Next(random, 3),
                    Supporting = [],
                    Steps = [.. Enumerable.Range(0, random.Next(3)).Select(_ => new SelfAskStep(HostileText.Next(random, 4), HostileText.Next(random, 3)))],
                },
                [.. Enumerable.Range(0, random.Next(3)).Select(b => (IReadOnlyList<AgentRag.Documents.Passage>)[.. Enumerable.Range(0, random.Next(4)).Select(i => Hostile($"d{d}-{b}-{i}", random))])]))],
            Steps = [.. Enumerable.Range(0, random.Next(3)).Select(i => new SelfAskStep(HostileText.Next(random, 4), i == 0 ? HostileText.Next(random, 3) : null))],
            Layout = new PromptLayout { Order = (PassageOrder)random.Next(4), Batches = (BatchLayout)random.Next(2) },
        };
    }

    private static AgentRag.Documents.Passage Hostile(string id, Random random) => Passage(
        id, random.Next(3) == 0 ? HostileText.Next(random, 8) : $"{TrainedVocabulary.WorldText().Substring(random.Next(10_000), random.Next(600))}{HostileText.Next(random, 3)}", HostileText.Next(random, 3));

    /// <summary>Hides that a counter counts piece by piece.</summary>
    private sealed class Whole(ITokenCounter inner) : ITokenCounter
    {
        public string Name => inner.Name;

        public int Count(ReadOnlySpan<char> text) => inner.Count(text);
    }
}

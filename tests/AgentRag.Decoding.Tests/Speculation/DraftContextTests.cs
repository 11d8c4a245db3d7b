using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Speculation;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Speculation;

public sealed class DraftContextTests
{
    [Theory]
    [InlineData(1_000, 1_000), InlineData(4_096, 4_096), InlineData(50_000, 4_096), InlineData(120_000, 5_000)]
    public void The_drafter_reads_at_least_4096_tokens_or_one_in_24_and_never_more_than_there_are(int prompt, int expected) =>
        Assert.Equal(expected, new DraftContextOptions().TokensFor(prompt));

    [Fact]
    public void Parts_are_cut_at_the_best_places_and_are_the_text()
    {
        Assert.Equal(["a b\n\n", "c d. ", "e f"], TextChunks.Of("a b\n\nc d. e f", 2, Words));
        Assert.Equal(["ab", "cd"], TextChunks.Of("abcd", 2, text => text.Length));
        Assert.Equal([], TextChunks.Of("", 2, Words));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void No_part_is_too_long_and_no_character_is_lost(int seed)
    {
        var random = new Random(seed);
        const string Characters = "abc .,!?\n漢字。😀";
        var text = new string([.. Enumerable.Range(0, 500).Select(_ => Characters[random.Next(Characters.Length)])]);
        var chunks = TextChunks.Of(text, 12, part => part.Length);
        Assert.Equal(text, string.Concat(chunks));
        Assert.All(chunks, chunk => Assert.InRange(chunk.Length, 1, 12));
    }

    [Fact]
    public async Task The_parts_of_the_question_are_kept_in_their_order_with_the_first_and_the_last()
    {
        string[] parts = ["Answer from these notes.", "Snow fell on Dover.", "Lamps hang in Fobiton.", "Rain fell on Calais.", "Fobiton has nine lamps and a harbour.", "Sun shone on Brest.", "How many lamps has Fobiton?"];
        var context = (await DraftContext.OfAsync([new("system", "Be brief."), new("user", string.Join("\n\n", parts))], question: null, 1_000, Words, new DraftContextOptions { LeastTokens = 988, ChunkTokens = 7 }))!;
        Assert.Equal(
            [new ChatTurn("system", "Be brief."), new ChatTurn("user", "Answer from these notes.\n\nLamps hang in Fobiton.\n\nFobiton has nine lamps and a harbour.\n\nHow many lamps has Fobiton?")],
            context.Turns);
        Assert.Equal(1, context.Coverage); // lamps and Fobiton; "how", "many" and "has" say nothing
    }

    [Fact]
    public async Task Coverage_is_the_share_of_the_rare_words_that_were_found()
    {
        string[] parts = ["Notes.", "Snow fell on Dover.", "Snow fell on Calais.", "Snow fell on Brest.", "Ask."];
        var context = await Of("Did snow fall on Xanadu?", parts);

        // "snow" stands in 3 of 3 parts: ln(1 + 3/4) = 0.5596; "fall" and "Xanadu" in none: ln(1 + 3) = 1.3863 each.
        Assert.Equal(0.5596 / (0.5596 + (2 * 1.3863)), context.Coverage, 1e-4);
        Assert.Equal(0, (await Of("Zeppelins?", parts)).Coverage);

        static async Task<DraftContext> Of(string question, string[] parts) =>
            (await DraftContext.OfAsync([new("user", string.Join("\n\n", parts))], question, 100, Words, new DraftContextOptions { LeastTokens = 99, ChunkTokens = 4 }))!;
    }

    [Fact]
    public async Task With_an_embedding_model_parts_are_kept_that_share_no_word_with_the_question()
    {
        // Vectors: what is about ships in one direction, what is about bread in the other, whatever the words.
        using var embedder = new Meanings(text => text.Contains("vessel", StringComparison.Ordinal) || text.Contains("keel", StringComparison.Ordinal) ? [1, 0] : [0, 1]);
        string[] parts = ["Answer from these notes.", "Loaves rise slowly here.", "Its keel was oak.", "Ovens are heated early.", "Flour comes on Mondays.", "Which wood is the vessel of?"];
        List<ChatTurn> turns = [new("user", string.Join("\n\n", parts))];
        var options = new DraftContextOptions { LeastTokens = 16, ChunkTokens = 6 };

        var words = (await DraftContext.OfAsync(turns, question: null, 28, Words, options))!;
        var both = (await DraftContext.OfAsync(turns, question: null, 28, Words, options, DraftRetrievers.Hybrid(embedder)))!;

        Assert.DoesNotContain("keel", words.Turns[0].Text, StringComparison.Ordinal);
        Assert.Equal("Answer from these notes.\n\nIts keel was oak.\n\nWhich wood is the vessel of?", both.Turns[0].Text);

        // Parts and question are embedded once; a second request embeds what is new.
        Assert.Equal(5, embedder.Embedded);
        await DraftContext.OfAsync(turns, question: null, 28, Words, options, DraftRetrievers.Hybrid(embedder));
        var kept = DraftRetrievers.Hybrid(embedder);
        var before = embedder.Embedded;
        await DraftContext.OfAsync(turns, question: null, 28, Words, options, kept);
        await DraftContext.OfAsync(turns, "Is the keel sound?", 28, Words, options, kept);
        Assert.Equal(before + 6, embedder.Embedded);
    }

    [Fact]
    public async Task Where_the_embedding_model_does_not_answer_the_words_choose_and_cancellation_passes_through()
    {
        string[] parts = ["Answer from these notes.", "Snow fell on Dover.", "Lamps hang in Fobiton.", "Rain fell on Calais.", "Sun shone on Brest.", "How many lamps has Fobiton?"];
        List<ChatTurn> turns = [new("user", string.Join("\n\n", parts))];
        var options = new DraftContextOptions { LeastTokens = 20, ChunkTokens = 5 };
        using var down = new Unreachable();
        using var cancelled = new Unreachable(() => new OperationCanceledException());

        var words = (await DraftContext.OfAsync(turns, question: null, 25, Words, options))!;
        var left = (await DraftContext.OfAsync(turns, question: null, 25, Words, options, DraftRetrievers.Hybrid(down)))!;

        Assert.Equal("Answer from these notes.\n\nLamps hang in Fobiton.\n\nHow many lamps has Fobiton?", left.Turns[0].Text);
        Assert.Equal((words.Turns[0], words.Coverage), (left.Turns[0], left.Coverage));
        Assert.Equal(1, down.Asked);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DraftContext.OfAsync(turns, question: null, 25, Words, options, DraftRetrievers.Hybrid(cancelled)));
    }

    [Fact]
    public void Weights_that_are_not_two_are_an_error_at_once()
    {
        using var embedder = new Unreachable();
        Assert.Equal(
            "Fusion: Weights are 1, must be 2 numbers greater than 0.",
            Assert.Throws<AgentRagException>(() => DraftRetrievers.Hybrid(embedder, [1])).Message);
    }

    [Fact]
    public async Task A_prompt_that_is_short_already_is_left() => Assert.Null(await DraftContext.OfAsync([new("user", "a b c")], null, 3, Words, new DraftContextOptions()));

    private sealed class Meanings(Func<string, float[]> vectorOf) : IEmbeddingGenerator<string, Embedding<float>>
    {
        public int Embedded { get; private set; }

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            List<string> texts = [.. values];
            Embedded += texts.Count;
            return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(texts.Select(text => new Embedding<float>(vectorOf(text)))));
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }

    private static int Words(string text) => text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Length;
}

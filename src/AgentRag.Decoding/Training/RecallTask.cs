using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Training;

/// <summary>Made-up notes and questions about them: what small models are trained and measured on.</summary>
/// <remarks>
/// A note is eight tokens, <c>; key value value filler filler filler filler</c>; a question is <c>? key</c>, its answer the two values. No key stands in two
/// notes of a text, values and fillers may.
/// </remarks>
internal sealed class RecallTask
{
    /// <summary>Tokens of a note.</summary>
    public const int NoteTokens = 8;

    /// <summary>Tokens of an answer.</summary>
    public const int AnswerTokens = 2;

    public const int Keys = 64;
    public const int Values = 32;
    public const int Fillers = 16;

    private const int Begin = 1, Semicolon = 3, QuestionMark = 4, FirstKey = 5, FirstValue = FirstKey + Keys, FirstFiller = FirstValue + Values;

    /// <summary>Tokens of the vocabulary.</summary>
    public const int VocabularySize = FirstFiller + Fillers;

    /// <summary>The shape that is trained unless another is wanted: some 100,000 weights.</summary>
    public static TransformerShape DefaultShape { get; } = new()
    {
        Architecture = "qwen2",
        Layers = 2,
        Width = 64,
        Heads = 4,
        KeyValueHeads = 4,
        HeadWidth = 16,
        FeedForwardWidth = 128,
        VocabularySize = VocabularySize,
        ContextTokens = 1_024,
        RotaryWidth = 16,
        RotaryPairs = RotaryPairs.HalfSplit,
        RotaryBase = 10_000,
    };

    /// <summary>Writes the task's words as a SentencePiece vocabulary.</summary>
    public static void AddVocabulary(GgufWriter writer)
    {
        var tokens = new string[VocabularySize];
        var kinds = new int[VocabularySize];
        for (var id = 0; id < VocabularySize; id++)
        {
            (tokens[id], kinds[id]) = id switch
            {
                0 => ("<unk>", 2),
                Begin => ("<s>", 3),
                2 => ("</s>", 3),
                Semicolon => ("▁;", 4),
                QuestionMark => ("▁?", 4),
                < FirstValue => ($"▁k{id - FirstKey:00}", 4),
                < FirstFiller => ($"▁v{id - FirstValue:00}", 4),
                _ => ($"▁f{id - FirstFiller:00}", 4),
            };
        }

        writer.Add("tokenizer.ggml.model", "llama")
            .Add("tokenizer.ggml.tokens", tokens)
            .Add("tokenizer.ggml.scores", new float[VocabularySize])
            .Add("tokenizer.ggml.token_type", kinds)
            .Add("tokenizer.ggml.bos_token_id", 1u)
            .Add("tokenizer.ggml.eos_token_id", 2u)
            .Add("tokenizer.ggml.unknown_token_id", 0u)
            .Add("tokenizer.ggml.add_bos_token", true);
    }

    /// <summary>Makes a text of notes with questions.</summary>
    /// <param name="random">Chooses.</param>
    /// <param name="notes">Notes, in [1, <see cref="Keys"/>].</param>
    /// <param name="questions">Questions about different notes, in [1, <paramref name="notes"/>].</param>
    public static RecallText Make(SeededNumbers random, int notes, int questions)
    {
        var keys = Shuffled(random, Keys).Take(notes).ToArray();
        List<int[]> all = [.. keys.Select(key => (int[])
        [
            Semicolon, FirstKey + key, FirstValue + random.Next(Values), FirstValue + random.Next(Values),
            .. Enumerable.Range(0, 4).Select(_ => FirstFiller + random.Next(Fillers)),
        ])];
        return new RecallText([Begin], all, [.. Shuffled(random, notes).Take(questions)]);
    }

    /// <summary>A question about a note, with its answer behind it.</summary>
    public static int[] Ask(int[] note) => [QuestionMark, note[1], note[2], note[3]];

    private static int[] Shuffled(SeededNumbers random, int count)
    {
        int[] all = [.. Enumerable.Range(0, count)];
        random.Shuffle(all);
        return all;
    }
}

/// <summary>Notes, and which of them are asked about.</summary>
internal sealed record RecallText(int[] Before, IReadOnlyList<int[]> Notes, IReadOnlyList<int> Asked)
{
    /// <summary>The text as an example in which some chunks are compressed, each question with its answer behind the other; answers are what is learned.</summary>
    /// <param name="isCompressed">By chunk.</param>
    /// <param name="notesPerChunk">Notes of a chunk; their number divides that of all notes.</param>
    public RefragExample Example(Func<int, bool> isCompressed, int notesPerChunk = 1)
    {
        int[] after = [.. Asked.SelectMany(note => RecallTask.Ask(Notes[note]))];
        return Example(isCompressed, notesPerChunk, after, place => place % (2 + RecallTask.AnswerTokens) >= 2);
    }

    /// <summary>The notes all compressed, and behind them as tokens: what reconstruction learns.</summary>
    public RefragExample Reconstruction(int notesPerChunk = 1) =>
        Example(_ => true, notesPerChunk, [RecallTask.Ask(Notes[0])[0], .. Notes.SelectMany(note => note)], place => place > 0);

    /// <summary>The notes twice, all to be predicted: what a note looks like is learned from the first ones, copying from the second.</summary>
    public RefragExample Copy()
    {
        int[] all = [.. Notes.SelectMany(note => note), RecallTask.Ask(Notes[0])[0], .. Notes.SelectMany(note => note)];
        return new RefragExample(Before, [], [], all, [.. all.Select(_ => true)]);
    }

    private RefragExample Example(Func<int, bool> isCompressed, int notesPerChunk, int[] after, Func<int, bool> isLearned)
    {
        int[][] chunks = [.. Notes.Chunk(notesPerChunk).Select(notes => notes.SelectMany(note => note).ToArray())];
        return new RefragExample(Before, chunks, [.. Enumerable.Range(0, chunks.Length).Select(isCompressed)], after, [.. Enumerable.Range(0, after.Length).Select(isLearned)]);
    }
}

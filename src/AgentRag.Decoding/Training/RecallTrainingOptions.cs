namespace AgentRag.Decoding.Training;

/// <summary>How the test model is trained. The same options give the same files; the defaults, with seed 1, gave the one in the tests.</summary>
internal sealed record RecallTrainingOptions
{
    /// <summary>Chooses weights and texts.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Threads, ≥ 1. Another number adds gradients in another order, and so gives other last digits.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Texts of a step, ≥ 1.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Notes that one embedding stands for, ≥ 1; a note has eight tokens, so the published rates 8, 16 and 32 are 1, 2 and 4.</summary>
    public int NotesPerChunk { get; init; } = 2;

    /// <summary>Most notes of a text, a power of 2 up to <see cref="RecallTask.Keys"/>.</summary>
    public int LongestNotes { get; init; } = 16;

    /// <summary>Whether reconstruction and continual pre-training go from short texts to long ones by the published table; otherwise the same texts come in any order.</summary>
    public bool FollowsCurriculum { get; init; } = true;

    /// <summary>Share of the first stage's texts that are written and copied instead of asked about, in [0, 1].</summary>
    public double CopiedShare { get; init; } = 0.25;

    /// <summary>Steps in which the decoder alone learns notes as tokens. ≥ 0, as all steps.</summary>
    public int PlainSteps { get; init; } = 4_500;

    /// <summary>Steps of reconstruction: encoder and projection alone, the decoder frozen.</summary>
    public int ReconstructionSteps { get; init; } = 2_000;

    /// <summary>Steps of continual pre-training: all but the policy, on plain, mixed and compressed texts.</summary>
    public int ContinualSteps { get; init; } = 4_000;

    /// <summary>Steps of the policy.</summary>
    public int PolicySteps { get; init; } = 1_500;

    /// <summary>Steps from one report and checkpoint to the next, ≥ 1.</summary>
    public int StepsBetweenReports { get; init; } = 100;

    /// <summary>Tokens of a chunk.</summary>
    public int Rate => NotesPerChunk * RecallTask.NoteTokens;

    /// <summary>Most chunks of a text.</summary>
    public int LongestChunks => LongestNotes / NotesPerChunk;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public RecallTrainingOptions Validated()
    {
        List<string> problems = [];
        Require(Workers >= 1, $"Workers is {Workers}, must be at least 1");
        Require(StepsBetweenReports >= 1, $"StepsBetweenReports is {StepsBetweenReports}, must be at least 1");
        Require(Batch >= 1, $"Batch is {Batch}, must be at least 1");
        Require(LongestNotes is >= 1 and <= RecallTask.Keys && int.IsPow2(LongestNotes), $"LongestNotes is {LongestNotes}, must be a power of 2 up to {RecallTask.Keys}");
        Require(NotesPerChunk >= 1 && LongestNotes % Math.Max(1, NotesPerChunk) == 0, $"NotesPerChunk is {NotesPerChunk}, must divide LongestNotes");
        Require(Math.Min(Math.Min(PlainSteps, ReconstructionSteps), Math.Min(ContinualSteps, PolicySteps)) >= 0, "steps must be at least 0");
        return problems.Count == 0 ? this : throw new AgentRagException($"Training: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}

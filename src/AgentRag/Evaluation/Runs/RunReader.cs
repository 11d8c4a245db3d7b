using AgentRag.Documents;

namespace AgentRag.Evaluation.Runs;

/// <summary>A recorded run, open for reading; the run may still be going on.</summary>
public sealed class RunReader
{
    private readonly RunFiles _files;
    private readonly Lazy<IReadOnlyList<RunPassage>> _passages;

    private RunReader(RunFiles files, RunManifest manifest)
    {
        (_files, Manifest, Questions) = (files, manifest, files.ReadQuestions());
        _passages = new(() => [.. RunLog.Read<RunPassage>(files.Passages)]);
    }

    /// <summary>The folder, as it was named.</summary>
    public string Directory => _files.Directory;

    /// <summary>What the run is about.</summary>
    public RunManifest Manifest { get; }

    /// <summary>The questions in their order.</summary>
    public IReadOnlyList<LabelledQuestion> Questions { get; }

    /// <summary>The passages that records name by number.</summary>
    public IReadOnlyList<RunPassage> Passages => _passages.Value;

    /// <summary>Opens a run.</summary>
    /// <param name="directory">Its folder.</param>
    /// <exception cref="AgentRagException">There is no run, or it cannot be read.</exception>
    public static RunReader Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var files = new RunFiles(directory);
        return new RunReader(files, files.ReadManifest()
            ?? throw new AgentRagException($"There is no evaluation run in '{directory}': name a folder that 'agentrag evaluate' wrote."));
    }

    /// <summary>Reads the log, line by line. A question that was asked again after a failure is in it more than once; the last line counts.</summary>
    /// <exception cref="AgentRagException">A line is damaged.</exception>
    public IEnumerable<RunRecord> Records() => RunLog.Read<RunRecord>(_files.Log);

    /// <summary>What judges said about answers.</summary>
    /// <exception cref="AgentRagException">A line is damaged.</exception>
    public IEnumerable<Judgement> Judgements() => RunLog.Read<Judgement>(_files.Judgements);

    /// <summary>The passages of each request of a record, as numbers in prompt order.</summary>
    /// <param name="record">The record.</param>
    public static IReadOnlyList<IReadOnlyList<int>> PromptPassages(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return PromptDeltas.Decode(record.Requests);
    }
}

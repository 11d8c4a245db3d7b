using AgentRag.Decoding.Training;
using Xunit;

namespace AgentRag.Decoding.Tests.Training;

public sealed class RecallTrainingTests : IDisposable
{
    private static readonly RecallTrainingOptions Short = new()
    {
        Batch = 3,
        NotesPerChunk = 1,
        LongestNotes = 4,
        PlainSteps = 4,
        ReconstructionSteps = 4,
        ContinualSteps = 4,
        PolicySteps = 4,
        StepsBetweenReports = 2,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("plain, step 2"), InlineData("reconstruction, step 4"), InlineData("continual, step 2"), InlineData("policy, step 2")]
    public void A_training_that_is_stopped_and_gone_on_with_gives_the_files_of_one_that_was_not(string last)
    {
        RecallTraining.Run(_folder["whole"], Short, _ => { }, TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => RecallTraining.Run(_folder["parts"], Short, Stop, stop.Token));
        Assert.Equal([RecallTraining.CheckpointName], Directory.GetFiles(_folder["parts"]).Select(Path.GetFileName));
        List<string> reports = [];
        RecallTraining.Run(_folder["parts"], Short, reports.Add, TestContext.Current.CancellationToken);
        Assert.StartsWith("going on with ", reports[0], StringComparison.Ordinal);
        foreach (var name in (string[])["recall.gguf", "recall-refrag.safetensors"])
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder["whole"], name)), File.ReadAllBytes(Path.Combine(_folder["parts"], name)));
        }

        Assert.Equal(2, Directory.GetFiles(_folder["parts"]).Length);

        void Stop(string report)
        {
            if (report.StartsWith(last, StringComparison.Ordinal))
            {
                stop.Cancel();
            }
        }
    }

    [Fact]
    public void All_stages_are_gone_through_in_order_and_measured()
    {
        List<string> reports = [];
        RecallTraining.Run(_folder["out"], Short, reports.Add, TestContext.Current.CancellationToken);
        Assert.Equal(
            ["plain", "reconstruction", "continual", "policy"],
            reports.Where(report => report.Contains("step 4 of 4", StringComparison.Ordinal)).Select(report => report.Split(',')[0]));
        Assert.Equal(8, reports.Count(report => report.StartsWith("after ", StringComparison.Ordinal))); // two lengths each
    }

    [Fact]
    public void The_curriculum_changes_what_is_learned_and_chunks_may_hold_several_notes()
    {
        RecallTraining.Run(_folder["in stages"], Short, _ => { }, TestContext.Current.CancellationToken);
        RecallTraining.Run(_folder["mixed"], Short with { FollowsCurriculum = false }, _ => { }, TestContext.Current.CancellationToken);
        RecallTraining.Run(_folder["pairs"], Short with { NotesPerChunk = 2 }, _ => { }, TestContext.Current.CancellationToken);
        Assert.NotEqual(Adapter("in stages"), Adapter("mixed"));
        Assert.True(Adapter("pairs").Length > Adapter("mixed").Length); // twice the rows go into the projection

        byte[] Adapter(string name) => File.ReadAllBytes(Path.Combine(_folder[name], "recall-refrag.safetensors"));
    }

    [Fact]
    public void A_checkpoint_of_another_run_and_a_damaged_one_are_errors()
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => RecallTraining.Run(_folder["out"], Short, _ => stop.Cancel(), stop.Token));
        var path = Path.Combine(_folder["out"], RecallTraining.CheckpointName);
        var fault = Assert.Throws<AgentRagException>(() => RecallTraining.Run(_folder["out"], Short with { Seed = 2 }, _ => { }, TestContext.Current.CancellationToken));
        Assert.Equal(
            $"{path} belongs to a run with other options ({Short}): take those to go on with it, name another directory, or delete the file to begin anew.", fault.Message);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^8]);
        Assert.Throws<AgentRagException>(() => RecallTraining.Run(_folder["out"], Short, _ => { }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Options_out_of_range_are_all_named() => Assert.Equal(
        "Training: Workers is 0, must be at least 1; LongestNotes is 12, must be a power of 2 up to 64; NotesPerChunk is 5, must divide LongestNotes.",
        Assert.Throws<AgentRagException>(() => new RecallTrainingOptions { Workers = 0, LongestNotes = 12, NotesPerChunk = 5 }.Validated()).Message);
}

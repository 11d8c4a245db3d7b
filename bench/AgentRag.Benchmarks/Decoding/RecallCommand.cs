using System.Diagnostics;
using AgentRag.Decoding.Training;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>Trains the test model; bench/README.md says what each argument means.</summary>
internal static class RecallCommand
{
    public static int Train(string[] args)
    {
        var defaults = new RecallTrainingOptions();
        var arguments = new NamedArguments(
            args, ["--out", "--seed", "--workers", "--rate", "--longest", "--copied", "--plain", "--reconstruction", "--continual", "--policy"], "--no-curriculum");
        var directory = arguments.Text("--out", "recall");
        var options = new RecallTrainingOptions
        {
            Seed = arguments.Number("--seed", (int)defaults.Seed),
            Workers = arguments.Number("--workers", defaults.Workers),
            NotesPerChunk = arguments.Number("--rate", defaults.Rate) / RecallTask.NoteTokens,
            LongestNotes = arguments.Number("--longest", defaults.LongestNotes),
            CopiedShare = arguments.Fraction("--copied", defaults.CopiedShare),
            FollowsCurriculum = !arguments.Has("--no-curriculum"),
            PlainSteps = arguments.Number("--plain", defaults.PlainSteps),
            ReconstructionSteps = arguments.Number("--reconstruction", defaults.ReconstructionSteps),
            ContinualSteps = arguments.Number("--continual", defaults.ContinualSteps),
            PolicySteps = arguments.Number("--policy", defaults.PolicySteps),
        };
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        var started = Stopwatch.GetTimestamp();
        try
        {
            RecallTraining.Run(directory, options, text => Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(started):hh\\:mm\\:ss} {text}"), stop.Token);
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine($"stopped; the same command goes on from {Path.Combine(directory, RecallTraining.CheckpointName)}");
            return 130;
        }
        catch (AgentRagException e)
        {
            Console.Error.WriteLine(e.Message);
            return 2;
        }
    }
}

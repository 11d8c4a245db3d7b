using System.Diagnostics;
using AgentRag.Decoding.Training;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>Trains the test model; bench/README.md says what each argument means.</summary>
internal static class RecallCommand
{
    public static int Train(string[] args)
    {
        var (options, directory) = (new RecallTrainingOptions(), "recall");
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--out": directory = args[++i]; break;
                case "--seed": options = options with { Seed = long.Parse(args[++i]) }; break;
                case "--workers": options = options with { Workers = int.Parse(args[++i]) }; break;
                case "--rate": options = options with { NotesPerChunk = int.Parse(args[++i]) / RecallTask.NoteTokens }; break;
                case "--longest": options = options with { LongestNotes = int.Parse(args[++i]) }; break;
                case "--copied": options = options with { CopiedShare = double.Parse(args[++i]) }; break;
                case "--no-curriculum": options = options with { FollowsCurriculum = false }; break;
                case "--plain": options = options with { PlainSteps = int.Parse(args[++i]) }; break;
                case "--reconstruction": options = options with { ReconstructionSteps = int.Parse(args[++i]) }; break;
                case "--continual": options = options with { ContinualSteps = int.Parse(args[++i]) }; break;
                case "--policy": options = options with { PolicySteps = int.Parse(args[++i]) }; break;
                default: throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args));
            }
        }

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

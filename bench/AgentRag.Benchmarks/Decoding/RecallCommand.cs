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
                case "--plain": options = options with { PlainSteps = int.Parse(args[++i]) }; break;
                case "--reconstruction": options = options with { ReconstructionSteps = int.Parse(args[++i]) }; break;
                case "--continual": options = options with { ContinualSteps = int.Parse(args[++i]) }; break;
                case "--policy": options = options with { PolicySteps = int.Parse(args[++i]) }; break;
                default: throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args));
            }
        }

        RecallTraining.Run(directory, options, Console.Error.WriteLine);
        return 0;
    }
}

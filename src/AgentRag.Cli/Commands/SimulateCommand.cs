using System.CommandLine;
using AgentRag.Allocation.Simulation;
using AgentRag.Cli.Output;
using AgentRag.Evaluation;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag simulate</c>: makes observations of a model that does not exist.</summary>
internal static class SimulateCommand
{
    private static readonly SimulationRequest Defaults = new();

    private static readonly Option<string?> Target = new("--output") { HelpName = "FILE", Description = "Write the observations to FILE, whole or not at all (- for stdout)." };

    private static readonly Option<int?> Questions = Flags.Number<int>("--questions", "N", $"Questions of each data set (default: {Defaults.Questions}).");

    private static readonly Option<int?> Seed = Flags.Number<int>("--seed", "N", $"Draws questions and answers (default: {Defaults.Seed}).");

    private static readonly Option<string?> DataSets = ListOf("--data-sets", Defaults.DataSets.Select(set => set.Name));

    private static readonly Option<string?> Strategies = ListOf("--strategies", Defaults.Strategies);

    private static readonly Option<string?> K = ListOf("--k", Defaults.K);

    private static readonly Option<string?> M = ListOf("--m", Defaults.M);

    private static readonly Option<string?> N = ListOf("--n", Defaults.N);

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "simulate",
            "Make observations of an invented model, to try fit, allocate and drift.",
            "Every observation is labelled as simulated and is never fitted together with measured ones. The model finds passages by rank, reads worse in the middle of " +
            "long prompts, is distracted by passages and helped by demonstrations; its numbers are invented and say nothing about any real model.",
            "agentrag simulate --output runs.jsonl",
            "agentrag simulate --output runs.jsonl --questions 500 --data-sets bridge,chain --k 0,1,5,20 --seed 7")
        {
            Target, Questions, Seed, DataSets, Strategies, K, M, N, Flags.Json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var file = parsed.GetValue(Target) ?? throw new AgentRagException("Say where the observations go with --output FILE, such as --output runs.jsonl.");
        if (parsed.GetValue(Seed) is < 0 and var seed)
        {
            throw new AgentRagException($"--seed is {seed}, must be at least 0.");
        }

        var request = new SimulationRequest
        {
            DataSets = parsed.GetValue(DataSets) is { } names ? [.. ListText.Names("--data-sets", names).Select(SetOf)] : Defaults.DataSets,
            Questions = parsed.GetValue(Questions) ?? Defaults.Questions,
            Strategies = parsed.GetValue(Strategies) is { } strategies ? ListText.Names("--strategies", strategies) : Defaults.Strategies,
            K = Counts(K, Defaults.K),
            M = Counts(M, Defaults.M),
            N = Counts(N, Defaults.N),
            Seed = (ulong)(parsed.GetValue(Seed) ?? (int)Defaults.Seed),
        }.Validated();
        var observations = await terminal.WithProgressAsync("Simulating", report => Task.Run(
            () => Simulator.Run(request, new SynchronousProgress<(int Done, int All)>(step => report(step.Done, step.All, $"{step.Done:N0} of {step.All:N0}")), cancellationToken),
            cancellationToken));
        if (file == "-")
        {
            foreach (var observation in observations)
            {
                terminal.WriteLine(ObservationFile.Line(observation));
            }

            return ExitCode.Success;
        }

        await WholeFile.WriteAsync(file, string.Concat(observations.Select(observation => $"{ObservationFile.Line(observation)}\n")), "observations", cancellationToken);
        if (parsed.GetValue(Flags.Json))
        {
            terminal.WriteJson(new { Output = file, Observations = observations.Count, Simulated = true });
            return ExitCode.Success;
        }

        terminal.WriteLine($"Wrote {Plural.Of(observations.Count, "simulated observation")} to {file}. Next: agentrag fit {file} --output model.json");
        return ExitCode.Success;

        IReadOnlyList<int> Counts(Option<string?> option, IReadOnlyList<int> defaults) => parsed.GetValue(option) is { } text ? ListText.Counts(option.Name, text) : defaults;
    }

    private static SimulatedDataSet SetOf(string name) => Defaults.DataSets.FirstOrDefault(set => set.Name == name)
        ?? throw new AgentRagException($"There is no simulated data set '{name}': use {string.Join(", ", Defaults.DataSets.Select(set => set.Name))}.");

    private static Option<string?> ListOf<T>(string name, IEnumerable<T> defaults) =>
        new(name) { HelpName = "LIST", Description = $"Separated by commas (default: {string.Join(",", defaults)})." };
}

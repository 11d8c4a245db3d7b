using AgentRag.Answering;
using AgentRag.Evaluation;

namespace AgentRag.Allocation.Simulation;

/// <summary>What to simulate.</summary>
public sealed record SimulationRequest
{
    /// <summary>The sets of questions. Default: four invented ones.</summary>
    public IReadOnlyList<SimulatedDataSet> DataSets { get; init; } = SimulatedDataSet.Defaults;

    /// <summary>Questions of each set, ≥ 1. Default 200.</summary>
    public int Questions { get; init; } = 200;

    private static readonly string[] Known = [ZeroShotAnswerer.Name, ManyShotAnswerer.Name, RagAnswerer.Name, DragAnswerer.Name, IterDragAnswerer.Name];

    /// <summary>The strategies: zero-shot, many-shot, rag, drag, iterdrag. Default: DRAG and IterDRAG.</summary>
    public IReadOnlyList<string> Strategies { get; init; } = [DragAnswerer.Name, IterDragAnswerer.Name];

    /// <summary>Values of k. Default 0, 1, 2, 5, 10, 20, 50, 100.</summary>
    public IReadOnlyList<int> K { get; init; } = [0, 1, 2, 5, 10, 20, 50, 100];

    /// <summary>Values of m. Default 0, 1, 2, 4, 8.</summary>
    public IReadOnlyList<int> M { get; init; } = [0, 1, 2, 4, 8];

    /// <summary>Values of n, for IterDRAG. Default 1 to 5.</summary>
    public IReadOnlyList<int> N { get; init; } = [1, 2, 3, 4, 5];

    /// <summary>What the parts of a prompt cost. Default: the paper's passages, and 60 tokens of instructions and question.</summary>
    public TokenSizes Sizes { get; init; } = new() { InstructionTokens = 60, DemonstrationTokens = 40, DemonstrationRetrievals = 3 };

    /// <summary>How the model behaves.</summary>
    public SimulatedModelOptions Model { get; init; } = new();

    /// <summary>Draws questions and answers. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Returns this request if it is consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public SimulationRequest Validated()
    {
        List<string> problems = [];
        Require(Questions >= 1, $"Questions is {Questions}, must be at least 1");
        Require(DataSets.Count > 0 && Strategies.Count > 0 && K.Count > 0 && M.Count > 0 && N.Count > 0, "DataSets, Strategies, K, M and N must not be empty");
        Require(!Strategies.Except(Known).Any(), $"Strategies are of {string.Join(", ", Known)}");
        foreach (var (name, set) in DataSets.Select(set => (set.Name, set)))
        {
            Require(
                set is { MeanHops: >= 1 and <= 5, MedianRank: >= 1, MedianLaterRank: >= 1, Known: >= 0 and <= 1 },
                $"data set '{name}' needs MeanHops in [1, 5], ranks of at least 1 and Known in [0, 1]");
        }

        return problems.Count == 0 ? this : throw new AgentRagException($"Simulation: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}

/// <summary>
/// Makes observations of a model that does not exist, to test the pipeline from runs to allocation; every one of them says that it is simulated.
/// </summary>
/// <remarks>Use for tests and for learning the commands. Not for conclusions about any model: what goes in is invented (<see cref="SimulatedModelOptions"/>).</remarks>
public static class Simulator
{
    /// <summary>The model's name in fingerprints.</summary>
    public const string ModelName = "simulator";

    /// <summary>Simulates the whole grid, the three metrics of each configuration.</summary>
    /// <param name="request">What.</param>
    /// <param name="progress">Told how many of how many configurations are done; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The observations, by data set, strategy, k, m, n; equal for equal requests.</returns>
    /// <exception cref="AgentRagException">The request is not consistent.</exception>
    public static IReadOnlyList<Observation> Run(SimulationRequest request, IProgress<(int Done, int All)>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validated();
        var model = new SimulatedModel(request.Model, request.Seed);
        List<(SimulatedDataSet Set, string Strategy, InferenceParameters Parameters)> grid =
        [
            .. from set in request.DataSets
               from strategy in request.Strategies
               from k in strategy is ZeroShotAnswerer.Name or ManyShotAnswerer.Name ? [0] : request.K
               from m in strategy is ZeroShotAnswerer.Name or RagAnswerer.Name ? [0] : request.M
               from n in strategy == IterDragAnswerer.Name ? request.N : [1]
               select (set, strategy, new InferenceParameters(k, m, n).Validated()),
        ];
        List<Observation> observations = [];
        foreach (var (done, (set, strategy, parameters)) in grid.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report((done, grid.Count));
            var answers = Enumerable.Range(0, request.Questions).Select(question => model.Answer(set, question, strategy, parameters)).ToArray();
            var tokens = answers.Select(answer => request.Sizes.Of(strategy, parameters with { N = answer.Iterations })).ToArray();
            foreach (var (metric, values) in new[]
            {
                (ObservationMetrics.ExactMatch, Array.ConvertAll(answers, answer => answer.ExactMatch)),
                (ObservationMetrics.F1, Array.ConvertAll(answers, answer => answer.F1)),
                (ObservationMetrics.Accuracy, Array.ConvertAll(answers, answer => answer.Accuracy)),
            })
            {
                var mean = values.Average();
                observations.Add(new Observation
                {
                    DataSet = $"simulated-{set.Name}",
                    Strategy = strategy,
                    Parameters = parameters,
                    Metric = metric,
                    Value = mean,
                    Questions = values.Length,
                    StandardError = values.Length == 1 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length),
                    MeanEffectiveContextTokens = Math.Round(tokens.Average(), 1),
                    MaxEffectiveContextTokens = (long)Math.Ceiling(tokens.Max()),
                    IsSimulated = true,
                    Fingerprints = new()
                    {
                        Model = ModelName,
                        Prompts = ModelName,
                        Index = $"simulated-{set.Name}",
                        Retriever = ModelName,
                        Questions = $"simulated-{set.Name}-{request.Seed}-{request.Questions}",
                        Code = ObservationFingerprints.OfCode(),
                    },
                });
            }
        }

        return observations;
    }
}

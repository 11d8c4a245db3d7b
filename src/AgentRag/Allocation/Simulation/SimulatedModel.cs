using AgentRag.Answering;

namespace AgentRag.Allocation.Simulation;

/// <summary>How a simulated model behaves. Every number is invented, of the order that the literature reports; none is fitted to a model.</summary>
/// <remarks>
/// A question needs the facts of <c>hops</c> passages. What the model does with them:
/// <list type="bullet">
/// <item>Found: a fact is in the prompt when the rank of its passage is at most k. Ranks are log-normal; those of later hops are far larger, as the question does
/// not name them. IterDRAG asks for each hop by itself, and then its passage ranks as one that is named.</item>
/// <item>Read: a fact at relative position x of the prompt (0: nearest the question, where the best ranks stand) is read with probability
/// <c>Reading · (1 − Middle · 4x(1 − x) · min(1, log₁₀(passages) / 3)) · (1 + passages)^(−Distraction)</c>: lost in the middle of long prompts, and the more passages
/// the more they distract. With few facts found this makes performance rise with k and fall again.</item>
/// <item>Combined: with h hops in one pass the facts must be put together, which goes well with probability <c>(OnePass + (Shown − OnePass) · s)^(h − 1)</c>, where
/// <c>s = 1 − (1 + m)^(−1.2)</c> grows with the demonstrations; step by step it goes well with <c>Follow + (Followed − Follow) · s</c> for each hop.</item>
/// <item>Known: what is not found is known by heart with the data set's probability, and demonstrations add the habit of answering briefly
/// (<c>Brief + (Briefest − Brief) · s</c>), without which the answer is right for Accuracy and not for ExactMatch.</item>
/// </list>
/// </remarks>
public sealed record SimulatedModelOptions
{
    /// <summary>Probability to read a fact next to the question, in (0, 1]. Default 0.95.</summary>
    public double Reading { get; init; } = 0.95;

    /// <summary>What the middle of a prompt of 1,000 passages takes from it, in [0, 1). Default 0.35.</summary>
    public double Middle { get; init; } = 0.35;

    /// <summary>Exponent with which more passages distract, ≥ 0. Default 0.03.</summary>
    public double Distraction { get; init; } = 0.03;

    /// <summary>Probability to combine two facts in one pass without demonstrations, in [0, 1]. Default 0.45.</summary>
    public double OnePass { get; init; } = 0.45;

    /// <summary>The same with endless demonstrations. Default 0.7.</summary>
    public double Shown { get; init; } = 0.7;

    /// <summary>Probability to follow one step of Self-Ask without demonstrations, in [0, 1]. Default 0.6.</summary>
    public double Follow { get; init; } = 0.6;

    /// <summary>The same with endless demonstrations. Default 0.95.</summary>
    public double Followed { get; init; } = 0.95;

    /// <summary>Probability to answer as briefly as the gold answer without demonstrations, in [0, 1]. Default 0.75.</summary>
    public double Brief { get; init; } = 0.75;

    /// <summary>The same with endless demonstrations. Default 0.93.</summary>
    public double Briefest { get; init; } = 0.93;

    /// <summary>The share of chance that belongs to the question and not to the single request, in [0, 1]. Default 0.7: the same questions are hard everywhere.</summary>
    public double Stability { get; init; } = 0.7;
}

/// <summary>A simulated set of questions.</summary>
/// <param name="Name">Its name; in observations it is preceded by <c>simulated-</c>.</param>
/// <param name="MeanHops">Mean number of facts that a question needs, in [1, 5].</param>
/// <param name="MedianRank">Median rank of a passage that the query names, ≥ 1.</param>
/// <param name="MedianLaterRank">Median rank of a later hop's passage for the question itself, ≥ 1.</param>
/// <param name="Known">Probability that a fact is known by heart, in [0, 1].</param>
public sealed record SimulatedDataSet(string Name, double MeanHops, double MedianRank, double MedianLaterRank, double Known)
{
    /// <summary>Four sets that differ in what they ask of model and retriever.</summary>
    public static IReadOnlyList<SimulatedDataSet> Defaults { get; } =
    [
        new("onehop", 1.2, 3, 30, 0.35),
        new("comparison", 2, 2, 15, 0.3),
        new("bridge", 2.4, 3, 120, 0.25),
        new("chain", 3.2, 6, 400, 0.15),
    ];
}

/// <summary>Answers simulated questions.</summary>
internal sealed class SimulatedModel(SimulatedModelOptions options, ulong seed)
{
    // Spread of ranks: the logarithm's standard deviation.
    private const double RankSpread = 1.4;

    /// <summary>What one question gives under a configuration.</summary>
    public SimulatedAnswer Answer(SimulatedDataSet set, int question, string strategy, InferenceParameters parameters)
    {
        var of = new Chance(seed, set.Name, question);
        var hops = 1 + Enumerable.Range(1, 4).Count(trial => of.Fixed("hop", trial) < (set.MeanHops - 1) / 4);
        var configuration = $"{strategy} {parameters}";
        var isIterative = strategy == IterDragAnswerer.Name;
        var steps = isIterative ? Math.Min(parameters.N, hops) : 0;
        var shown = 1 - Math.Pow(1 + parameters.M, -1.2);
        var passages = parameters.K * (1 + steps);
        var isRight = true;
        for (var hop = 1; hop <= hops; hop++)
        {
            // The first hop is named by the question; of the others those that a step asks for.
            var isNamed = hop == 1 || hop <= steps;
            var rank = Math.Max(1, (isNamed ? set.MedianRank : set.MedianLaterRank) * Math.Exp(RankSpread * Normal(of.Fixed("rank", hop), of.Fixed("rank2", hop))));
            var isRead = rank <= parameters.K && Chance("read", hop) < Reading(rank, passages);
            isRight &= isRead || of.Fixed("known", hop) < set.Known;
            isRight &= hop <= steps
                ? Chance("follow", hop) < options.Follow + ((options.Followed - options.Follow) * shown)
                : hop == 1 || Chance("combine", hop) < options.OnePass + ((options.Shown - options.OnePass) * shown);
        }

        var isBrief = Chance("brief", 0) < options.Brief + ((options.Briefest - options.Brief) * shown);
        return new SimulatedAnswer(
            isRight && isBrief ? 1 : 0,
            isRight ? (isBrief ? 1 : 0.5) : 0.2 * Chance("overlap", 0),
            isRight ? 1 : 0,
            Math.Max(steps, 1));

        double Chance(string what, int hop) => of.Fixed($"{what} whose", hop, configuration) < options.Stability ? of.Fixed(what, hop) : of.Fixed(what, hop, configuration);
    }

    private double Reading(double rank, int passages)
    {
        var x = Math.Min(1, (rank - 1) / Math.Max(passages - 1, 1));
        var middle = options.Middle * 4 * x * (1 - x) * Math.Min(1, Math.Log10(Math.Max(passages, 1)) / 3);
        return options.Reading * (1 - middle) * Math.Pow(1 + passages, -options.Distraction);
    }

    // Box and Muller.
    private static double Normal(double u, double v) => Math.Sqrt(-2 * Math.Log(1 - u)) * Math.Cos(2 * Math.PI * v);

    /// <summary>Chances that depend on nothing but their names, so that neither the order nor the number of simulated configurations matters.</summary>
    private readonly struct Chance(ulong seed, string set, int question)
    {
        private readonly ulong _state = Mixed(Hash(seed, set) + (ulong)question);

        /// <summary>A number in [0, 1).</summary>
        public double Fixed(string what, int hop, string configuration = "") => (Mixed(Hash(Hash(_state, what) + (ulong)hop, configuration)) >> 11) * (1.0 / (1UL << 53));

        private static ulong Hash(ulong state, string text)
        {
            foreach (var letter in text)
            {
                state = (state ^ letter) * 0x100000001b3;
            }

            return Mixed(state);
        }

        // The finaliser of SplitMix64.
        private static ulong Mixed(ulong value)
        {
            value += 0x9e3779b97f4a7c15;
            value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
            value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
            return value ^ (value >> 31);
        }
    }
}

/// <summary>One simulated answer.</summary>
/// <param name="ExactMatch">0 or 1.</param>
/// <param name="F1">In [0, 1].</param>
/// <param name="Accuracy">0 or 1.</param>
/// <param name="Iterations">Iterations used.</param>
internal sealed record SimulatedAnswer(double ExactMatch, double F1, double Accuracy, int Iterations);

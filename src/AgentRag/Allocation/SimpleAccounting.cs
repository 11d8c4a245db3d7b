using AgentRag.Answering;
using AgentRag.Fitting;

namespace AgentRag.Allocation;

/// <summary>
/// The accounting of write-ups that leave the passages of demonstrations out: (k · 512 + m · 256 + 64) · n tokens. For reproducing what such tools choose.
/// </summary>
/// <remarks>
/// Departs from arXiv 2410.04343, section 4.1, where every demonstration carries k passages of its own and IterDRAG resends what it holds: what this calls
/// 118,848 tokens (k = 200, m = 64, n = 1) takes 1.7 million at 130 tokens a passage. Not for planning: use <see cref="BudgetAllocator"/>.
/// </remarks>
public sealed record SimpleAccounting
{
    private static readonly int[] KGrid = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    private static readonly int[] MGrid = [1, 2, 4, 8, 16, 32, 64, 128, 256];
    private static readonly int[] NGrid = [1, 2, 3, 4, 5];

    /// <summary>The ordinary inverse logit: performance is taken as a share between 0 and 1.</summary>
    public static LogisticLink Logit { get; } = new(Range: 1, Steepness: 1, Shift: 0, Offset: 0);

    /// <summary>Tokens of a passage. Default 512.</summary>
    public int PassageTokens { get; init; } = 512;

    /// <summary>Tokens of a demonstration, whatever k is. Default 256.</summary>
    public int DemonstrationTokens { get; init; } = 256;

    /// <summary>Tokens of the question. Default 64.</summary>
    public int QuestionTokens { get; init; } = 64;

    /// <summary>What parameters are taken to cost.</summary>
    /// <param name="parameters">θ.</param>
    public long Tokens(InferenceParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return (((long)parameters.K * PassageTokens) + ((long)parameters.M * DemonstrationTokens) + QuestionTokens) * parameters.N;
    }

    /// <summary>Chooses what an equation ranks best among the parameters that are taken to fit; 0 is not among them. Of equals the cheapest.</summary>
    /// <param name="budget">Tokens at most.</param>
    /// <param name="equation">The equation, with ε = 0 in such write-ups.</param>
    /// <param name="informativeness">i.</param>
    /// <returns>The choice; null when nothing fits.</returns>
    public AllocatedStrategy? Allocate(long budget, PerformanceEquation equation, Informativeness informativeness)
    {
        ArgumentNullException.ThrowIfNull(equation);
        return (
            from k in KGrid
            from m in MGrid
            from n in NGrid
            let parameters = new InferenceParameters(k, m, n)
            let tokens = Tokens(parameters)
            where tokens <= budget
            let predicted = equation.Predict(parameters, informativeness)
            orderby predicted descending, tokens
            select new AllocatedStrategy(n == 1 ? DragAnswerer.Name : IterDragAnswerer.Name, parameters, tokens, predicted)).FirstOrDefault();
    }
}

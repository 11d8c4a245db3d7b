using AgentRag.Answering;
using AgentRag.Evaluation;

namespace AgentRag.Fitting;

/// <summary>The cheap configurations that measure informativeness (paper section 5.1): one question with nothing, with one passage, with one demonstration.</summary>
public static class ProbeGrid
{
    /// <summary>θ = (0, 0, 1).</summary>
    public static InferenceParameters Nothing { get; } = new(0, 0, 1);

    /// <summary>θ = (1, 0, 1): with <see cref="Nothing"/> it gives i_doc.</summary>
    public static InferenceParameters OnePassage { get; } = new(1, 0, 1);

    /// <summary>θ = (0, 1, 1): with <see cref="Nothing"/> it gives i_shot.</summary>
    public static InferenceParameters OneDemonstration { get; } = new(0, 1, 1);

    /// <summary>The configurations to run for a strategy on every data set.</summary>
    /// <param name="strategy">The strategy's name.</param>
    /// <returns>Three for DRAG and IterDRAG; fewer for a strategy that takes no passages or no demonstrations.</returns>
    public static IReadOnlyList<InferenceParameters> For(string strategy) => strategy switch
    {
        ZeroShotAnswerer.Name => [Nothing],
        ManyShotAnswerer.Name => [Nothing, OneDemonstration],
        RagAnswerer.Name => [Nothing, OnePassage],
        _ => [Nothing, OnePassage, OneDemonstration],
    };

    /// <summary>The configurations that are still to be run so that the informativeness of every observed data set and strategy is known.</summary>
    /// <param name="observations">What was measured.</param>
    /// <returns>By data set and strategy, cheapest first; empty when nothing is missing.</returns>
    public static IReadOnlyList<Probe> Missing(IEnumerable<Observation> observations)
    {
        ArgumentNullException.ThrowIfNull(observations);
        return
        [
            .. from observation in observations
               group observation by (observation.DataSet, observation.Strategy) into measured
               orderby measured.Key.DataSet, measured.Key.Strategy
               let metrics = measured.Select(observation => observation.Metric).Distinct().Count()
               from parameters in For(measured.Key.Strategy)
               where measured.Where(observation => observation.Parameters == parameters).Select(observation => observation.Metric).Distinct().Count() < metrics
               select new Probe(measured.Key.DataSet, measured.Key.Strategy, parameters),
        ];
    }
}

/// <summary>One configuration to run on one data set.</summary>
/// <param name="DataSet">The data set.</param>
/// <param name="Strategy">The strategy.</param>
/// <param name="Parameters">θ.</param>
public sealed record Probe(string DataSet, string Strategy, InferenceParameters Parameters);

namespace AgentRag.Evaluation.Statistics;

/// <summary>A mean with its confidence interval.</summary>
/// <param name="Value">The mean over questions.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end.</param>
public sealed record EstimatedMean(double Value, double Low, double High);

namespace AgentRag.Fitting;

/// <summary>How much the first passage and the first demonstration help a strategy on a task (paper section 5.1), in z-scored performance.</summary>
/// <param name="Document">P(k=1, m=0, n=1) − P(0, 0, 1).</param>
/// <param name="Demonstration">P(k=0, m=1, n=1) − P(0, 0, 1).</param>
public sealed record Informativeness(double Document, double Demonstration)
{
    /// <summary>Nothing measured: the weights a alone decide.</summary>
    public static Informativeness Unknown { get; } = new(0, 0);
}

/// <summary>The informativeness that the three probes of a data set, strategy and metric gave.</summary>
/// <param name="DataSet">The data set.</param>
/// <param name="Strategy">The strategy.</param>
/// <param name="Metric">The metric.</param>
/// <param name="Value">The two differences, in z-scored performance.</param>
/// <param name="DocumentStandardError">Standard error of the first difference.</param>
/// <param name="DemonstrationStandardError">Standard error of the second difference.</param>
public sealed record MeasuredInformativeness(
    string DataSet, string Strategy, string Metric, Informativeness Value, double DocumentStandardError, double DemonstrationStandardError);

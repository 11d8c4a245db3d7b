namespace AgentRag.Fitting;

/// <summary>What a model's choices are worth beside a simple rule and beside the best that was measured: the layout of the paper's tables 3 and 4.</summary>
/// <param name="Title">What was left out of the fit.</param>
/// <param name="Cells">One for each column and metric, columns in order.</param>
public sealed record GeneralisationTable(string Title, IReadOnlyList<GeneralisationCell> Cells)
{
    /// <summary>The columns: data sets (table 3) or steps from one budget to the next (table 4).</summary>
    public IReadOnlyList<string> Columns => [.. Cells.Select(cell => cell.Column).Distinct()];

    /// <summary>Mean over the cells of what the model's choice reaches of the best; NaN without cells.</summary>
    public double MeanPredictToOracle => Ratios(cell => cell.Predict).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The sum of what the model's choices reach by the sum of the best.</summary>
    public double SumPredictToOracle => Cells.Sum(cell => cell.Predict) / Cells.Sum(cell => cell.Oracle);

    /// <summary>Mean over the cells of what the simple rule reaches of the best; NaN when it was measured nowhere.</summary>
    public double MeanBaselineToOracle => Ratios(cell => cell.Baseline).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The cell in which the model's choice is furthest from the best; null without cells.</summary>
    public GeneralisationCell? Worst => Cells.Where(cell => cell.Oracle > 0).MinBy(cell => cell.Predict / cell.Oracle);

    /// <summary>The mean relative gap between choice and best in one column, in [0, 1].</summary>
    /// <param name="column">The column.</param>
    public double MeanGap(string column) =>
        Cells.Where(cell => cell.Column == column && cell.Oracle > 0).Select(cell => (cell.Oracle - cell.Predict) / cell.Oracle).DefaultIfEmpty(double.NaN).Average();

    private IEnumerable<double> Ratios(Func<GeneralisationCell, double?> value) =>
        Cells.Where(cell => cell.Oracle > 0 && value(cell) is not null).Select(cell => value(cell)!.Value / cell.Oracle);
}

/// <summary>One cell. Values in [0, 1].</summary>
/// <param name="Column">The data set, or the step from one budget to the next.</param>
/// <param name="Metric">The metric.</param>
/// <param name="Baseline">
/// Measured with the rule "8 demonstrations and as many passages as fit", with DRAG where it was measured so; null when no configuration with m = 8 fits.
/// </param>
/// <param name="Predict">Measured with the configuration that the model ranks best among those that were measured and fit.</param>
/// <param name="Oracle">The best that was measured within the budget, over all strategies.</param>
public sealed record GeneralisationCell(string Column, string Metric, double? Baseline, double Predict, double Oracle)
{
    /// <summary>What the model chose, by data set, such as <c>hotpotqa: drag k=5, m=2, n=1</c>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];
}

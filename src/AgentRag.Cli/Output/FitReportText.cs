using System.Globalization;
using System.Text;
using AgentRag.Cli.Commands;
using AgentRag.Evaluation;
using AgentRag.Fitting;
using Spectre.Console;

namespace AgentRag.Cli.Output;

/// <summary>The result of a fit as JSON, as Markdown and on the terminal.</summary>
internal sealed class FitReportText(FittedModel fitted, IReadOnlyList<GeneralisationTable> tables)
{
    private const string Unknown = "-";

    public object ToJson() => new
    {
        fitted.Model.Source,
        Simulated = fitted.Model.IsSimulated,
        fitted.Report,
        Generalisation = tables.Count == 0 ? null : tables.Where(table => table.Cells.Count > 0).Select(table => new
        {
            table.Title,
            table.Cells,
            MeanPredictToOracle = Finite(table.MeanPredictToOracle),
            SumPredictToOracle = Finite(table.SumPredictToOracle),
            MeanBaselineToOracle = Finite(table.MeanBaselineToOracle),
            MeanGaps = table.Columns.ToDictionary(column => column, column => Finite(table.MeanGap(column))),
        }),
    };

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        var report = fitted.Report;
        Line($"# Allocation model{(fitted.Model.IsSimulated ? " (simulated)" : "")}");
        Line();
        Line(Summary(fitted));
        Line();
        Section("Estimates", ["strategy", "parameter", "estimate", "standard error", "p"], CoefficientRows(report));
        Section("Forms of the equation (the paper's table 2)", ["form", "parameters", "R2", "MSE", "outliers", "R2 without", "MSE without"], VariantRows(report));
        Section("What the strategies share", ["pooling", "parameters", "R2", "MSE", "MSE of left-out configurations"], PoolingRows(report));
        foreach (var table in tables.Where(table => table.Cells.Count > 0))
        {
            Section(table.Title, ["", .. table.Columns.Select(column => $"{column} ({string.Join("/", Metrics(table).Select(Short))})")], GeneralisationRows(table));
            Line($"Predict / Oracle: mean {Ratio(table.MeanPredictToOracle)}, of the sums {Ratio(table.SumPredictToOracle)}; Baseline / Oracle: mean {Ratio(table.MeanBaselineToOracle)}. " +
                $"Mean gap: {string.Join(", ", table.Columns.Select(column => $"{column} {Percent(table.MeanGap(column))} %"))}.");
            Line();
            Line("Baseline: 8 demonstrations and as many passages as fit. Predict: measured with what the model chose. Oracle: the best that was measured.");
            Line();
        }

        Line("## What these observations cannot say");
        Line();
        foreach (var trap in report.Traps.Select(trap => trap.Text).DefaultIfEmpty("Nothing was found."))
        {
            Line($"- {trap}");
        }

        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');

        void Section(string title, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
        {
            Line($"## {title}");
            Line();
            Line($"| {string.Join(" | ", columns)} |");
            Line($"|{string.Concat(columns.Select((_, i) => i == 0 ? " --- |" : " ---: |"))}");
            foreach (var row in rows)
            {
                Line($"| {string.Join(" | ", row)} |");
            }

            Line();
        }
    }

    public static void WriteTo(Terminal terminal, FittedModel fitted)
    {
        var report = fitted.Report;
        terminal.WriteLine(Summary(fitted));
        WriteTable(terminal, ["strategy", "parameter", "estimate", "std. error", "p"], CoefficientRows(report));
        WriteTable(terminal, ["form", "parameters", "R2", "MSE", "outliers", "R2 without", "MSE without"], VariantRows(report));
        WriteTable(terminal, ["pooling", "parameters", "R2", "MSE", "left-out MSE"], PoolingRows(report));
        foreach (var trap in report.Traps)
        {
            terminal.WriteLine($"Note: {trap.Text}");
        }
    }

    private static string Summary(FittedModel fitted) =>
        $"Fitted {fitted.Model.Source}{(fitted.Model.IsSimulated ? " - simulated, so it says nothing about any real model" : "")}: {Plural.Of(fitted.Report.Configurations, "configuration")}, " +
        $"{ListText.Hyphenated(fitted.Report.Variant)}, {ListText.Hyphenated(fitted.Report.Pooling)}; R2 {fitted.Report.Quality.R2:0.000}, MSE {fitted.Report.Quality.Mse:0.000}, " +
        $"condition number {fitted.Report.Quality.ConditionNumber:0}.";

    private static IEnumerable<IReadOnlyList<string>> CoefficientRows(FitReport report) => report.Coefficients.Select(estimate => (IReadOnlyList<string>)
    [
        estimate.Strategy,
        NameOf(estimate.Parameter),
        Number(estimate.StandardError is null ? null : estimate.Estimate),
        Number(estimate.StandardError),
        Number(estimate.PValue),
    ]);

    private static IEnumerable<IReadOnlyList<string>> VariantRows(FitReport report) => report.Variants.Select(row => (IReadOnlyList<string>)
    [
        ListText.Hyphenated(row.Variant) + (row is { Quality: not null, HasLink: false } ? " (no link found)" : ""),
        $"{row.Quality?.Parameters.ToString(CultureInfo.InvariantCulture) ?? Unknown}",
        Number(row.Quality?.R2),
        Number(row.Quality?.Mse),
        $"{row.Quality?.Outliers.ToString(CultureInfo.InvariantCulture) ?? Unknown}",
        Number(row.Quality?.R2WithoutOutliers),
        Number(row.Quality?.MseWithoutOutliers),
    ]);

    private static IEnumerable<IReadOnlyList<string>> PoolingRows(FitReport report) => report.Poolings.Select(row => (IReadOnlyList<string>)
    [
        ListText.Hyphenated(row.Pooling), $"{row.Quality.Parameters}", Number(row.Quality.R2), Number(row.Quality.Mse), Number(row.CrossValidatedMse),
    ]);

    private static IEnumerable<IReadOnlyList<string>> GeneralisationRows(GeneralisationTable table)
    {
        (string Name, Func<GeneralisationCell, double?> Value)[] rows = [("Baseline", cell => cell.Baseline), ("Predict", cell => cell.Predict), ("Oracle", cell => cell.Oracle)];
        foreach (var (name, value) in rows)
        {
            yield return [name, .. table.Columns.Select(column => string.Join("/", Metrics(table).Select(metric =>
                table.Cells.FirstOrDefault(cell => cell.Column == column && cell.Metric == metric) is { } cell && value(cell) is { } share ? Percent(share) : Unknown)))];
        }
    }

    private static IEnumerable<string> Metrics(GeneralisationTable table) => table.Cells.Select(cell => cell.Metric).Distinct();

    private static string Short(string metric) => metric switch
    {
        ObservationMetrics.ExactMatch => "EM",
        ObservationMetrics.F1 => "F1",
        ObservationMetrics.Accuracy => "Acc",
        _ => metric,
    };

    private static string NameOf(EquationParameter parameter) => parameter switch
    {
        EquationParameter.Constant => "c",
        EquationParameter.K => "a(k)",
        EquationParameter.M => "a(m)",
        EquationParameter.N => "a(n)",
        EquationParameter.DocumentK => "b(k)",
        EquationParameter.DemonstrationM => "b(m)",
        EquationParameter.SquaredK => "k squared",
        EquationParameter.SquaredM => "m squared",
        EquationParameter.SquaredN => "n squared",
        EquationParameter.Range => "link range",
        _ => "link offset",
    };

    private static void WriteTable(Terminal terminal, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table();
        foreach (var (index, column) in columns.Index())
        {
            table.AddColumn(index == 0 ? new TableColumn(column) : new TableColumn(column).RightAligned());
        }

        foreach (var row in rows)
        {
            table.AddRow([.. row]);
        }

        terminal.WriteTable(table);
    }

    private static string Number(double? value) => value is { } number && double.IsFinite(number) ? number.ToString("0.000", CultureInfo.InvariantCulture) : Unknown;

    private static string Percent(double share) => double.IsFinite(share) ? Scores.Percent(share) : Unknown;

    private static string Ratio(double value) => double.IsFinite(value) ? value.ToString("0.000", CultureInfo.InvariantCulture) : Unknown;

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}

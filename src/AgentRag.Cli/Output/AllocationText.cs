using AgentRag.Allocation;
using AgentRag.Cli.Configuration;
using AgentRag.Fitting;
using Spectre.Console;

namespace AgentRag.Cli.Output;

/// <summary>What <c>allocate</c> found, as JSON and on the terminal.</summary>
internal sealed class AllocationText(Terminal terminal, Settings settings, AllocationRequest request, bool hasIndex, IReadOnlyList<string> warnings)
{
    private const int ShownCandidates = 20;

    private AllocationModel Model => request.Model;

    public void Write(BudgetAllocation allocation, bool json, bool explain)
    {
        if (json)
        {
            terminal.WriteJson(new
            {
                Budget = settings.Budget.Value,
                Recommended = Row(allocation.Recommended),
                Alternatives = allocation.Alternatives.Select(Row),
                CheaperWithinNoise = allocation.CheaperWithinNoise is { } cheaper ? Row(cheaper) : null,
                WorthMeasuring = allocation.WorthMeasuring is { } hope ? Row(hope) : null,
                Caps = Model.IsFitted ? allocation.Caps : null,
                request.Sizes,
                SizesFrom = hasIndex ? settings.Index.Value : "assumed",
                Note = Note(allocation),
                Simulated = Model.IsSimulated ? true : (bool?)null,
                Warnings = warnings.Count > 0 ? warnings : null,
                Explanation = explain ? new
                {
                    Candidates = allocation.Explanation.Candidates.Select(candidate => new { Configuration = Row(candidate.Configuration), candidate.Score, candidate.CappedBy }),
                    allocation.Explanation.OverBudget,
                    allocation.Explanation.OverWindow,
                    allocation.Explanation.OverSupply,
                } : null,
            });
            return;
        }

        terminal.WriteLine($"Budget {settings.Budget.Value:N0} tokens: ask with {Ask(allocation.Recommended)} --budget {settings.Budget.Value}");
        WriteTable(allocation.Alternatives.Select(one => (one, (string?)null)));
        if (Model.IsFitted)
        {
            terminal.WriteLine(Reason(allocation.Recommended));
            if (allocation.CheaperWithinNoise is { } cheaper)
            {
                terminal.WriteLine($"No worse as far as could be measured, for {Scores.Tokens(cheaper.PlannedTokens)} tokens: {Ask(cheaper)}");
            }

            if (allocation.WorthMeasuring is { } hope)
            {
                terminal.WriteLine($"Worth measuring, as it is predicted to be better but lies beyond everything measured: {Ask(hope)}");
            }
        }

        if (explain)
        {
            WriteExplanation(allocation);
        }

        terminal.WriteLine(
            $"A passage costs {request.Sizes.PassageTokens:N0} tokens, a demonstration {request.Sizes.DemonstrationTokens:N0} and {request.Sizes.DemonstrationPassageTokens:N0} for each " +
            $"of its passages, instructions and question {request.Sizes.InstructionTokens:N0}.");
        terminal.WriteLine(Note(allocation));
    }

    public void Write(TargetAllocation found, bool json)
    {
        if (json)
        {
            terminal.WriteJson(new
            {
                found.Target,
                found.Metric,
                Cheapest = Row(found.Cheapest),
                Surest = found.Surest is { } sure ? Row(sure) : null,
                Model.Source,
                Simulated = Model.IsSimulated ? true : (bool?)null,
                Warnings = warnings.Count > 0 ? warnings : null,
            });
            return;
        }

        terminal.WriteLine($"{found.Metric} {found.Target:0.###} is reached for {Scores.Tokens(found.Cheapest.PlannedTokens)} tokens: ask with {Ask(found.Cheapest)}");
        terminal.WriteLine(Reason(found.Cheapest));
        terminal.WriteLine(found.Surest is null ? "Nothing that was measured or predicted reaches it with the lower end of its 95 % interval."
            : found.Surest == found.Cheapest ? "The lower end of its 95 % interval reaches it too."
            : $"With the lower end of its 95 % interval it is reached for {Scores.Tokens(found.Surest.PlannedTokens)} tokens: {Ask(found.Surest)}. {Reason(found.Surest)}");
        terminal.WriteLine($"Predicted with {Simulated}{Model.Source}.");
    }

    private string Simulated => Model.IsSimulated ? "a model of invented answers, " : "";

    private void WriteExplanation(BudgetAllocation allocation)
    {
        var explanation = allocation.Explanation;
        terminal.WriteLine(
            $"{Plural.Of(explanation.Candidates.Count, "configuration")} fit; {explanation.OverBudget:N0} cost more than the budget, {explanation.OverWindow:N0} of the others have a request " +
            $"larger than the context window, {explanation.OverSupply:N0} take more passages or demonstrations than there are.");
        foreach (var caps in allocation.Caps)
        {
            var what = string.Join(", ", new[] { ("k", caps.K), ("m", caps.M), ("n", caps.N) }.Where(cap => cap.Item2 is not null).Select(cap => $"{cap.Item1} at {cap.Item2}"));
            terminal.WriteLine($"Capped for {caps.Strategy}, because more was measured to be worse: {what}.");
        }

        terminal.WriteLine($"Ranked by measured value, else by prediction, beyond what was measured by the lower end of its 95 % interval; the first {ShownCandidates}:");
        WriteTable(explanation.Candidates.Take(ShownCandidates).Select(candidate => (candidate.Configuration, (string?)(candidate.CappedBy is { } cap ? $"capped: {cap}" : ""))));
    }

    private void WriteTable(IEnumerable<(AllocatedStrategy One, string? Remark)> rows)
    {
        List<(AllocatedStrategy One, string? Remark)> all = [.. rows];
        var table = new Table().AddColumn("strategy");
        foreach (var column in (string[])["k", "m", "n", "planned tokens", "z", .. Model.IsFitted ? ["predicted", "95 % of measurements", "measured", "basis"] : Array.Empty<string>(),
            .. all.Exists(row => row.Remark is not null) && Model.IsFitted ? ["remark"] : Array.Empty<string>()])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var (one, remark) in all)
        {
            List<string> cells = [one.Strategy, $"{one.Parameters.K}", $"{one.Parameters.M}", $"{one.Parameters.N}", Scores.Tokens(one.PlannedTokens), $"{one.PredictedZ:0.000}"];
            if (Model.IsFitted)
            {
                cells.AddRange([
                    one.Predicted is { } predicted ? $"{predicted.Value:0.000}" : "-",
                    one.Predicted is { Prediction: var interval } ? $"{interval.Low:0.000} to {interval.High:0.000}" : "-",
                    one.Measured is { } measured ? $"{measured.Value:0.000} ± {measured.StandardError:0.000}" : "-",
                    Json.CamelCase(one.Basis),
                ]);
                if (remark is not null)
                {
                    cells.Add(remark);
                }
            }

            table.AddRow([.. cells]);
        }

        terminal.WriteTable(table);
    }

    private static string Ask(AllocatedStrategy one) => $"--strategy {one.Strategy} --k {one.Parameters.K} --m {one.Parameters.M} --n {one.Parameters.N}";

    private static string Reason(AllocatedStrategy one) => one switch
    {
        { Measured: { } measured } => $"It was measured: {measured.Value:0.000} ± {measured.StandardError:0.000} (standard error) over {Plural.Of(measured.Questions, "question")}" +
            (one.Predicted is { } expected ? $"; predicted {expected.Value:0.000}." : "."),
        { Predicted: { } predicted, Basis: AllocationBasis.Interpolated } => $"It was not measured; between what was it is predicted at {predicted.Value:0.000}, and 95 % of " +
            $"measurements in {predicted.Prediction.Low:0.000} to {predicted.Prediction.High:0.000}.",
        { Predicted: { } predicted } => $"Nothing as large was measured; it is predicted at {predicted.Value:0.000}, and 95 % of measurements in {predicted.Prediction.Low:0.000} to " +
            $"{predicted.Prediction.High:0.000}, whose lower end is above all that was measured and fits.",
        _ => "",
    };

    private static object Row(AllocatedStrategy one) => new
    {
        one.Strategy,
        one.Parameters.K,
        one.Parameters.M,
        one.Parameters.N,
        one.PlannedTokens,
        one.PredictedZ,
        Basis = one.Basis == AllocationBasis.Published ? null : Json.CamelCase(one.Basis),
        one.Predicted,
        one.Measured,
    };

    private string Note(BudgetAllocation allocation) => (Model.IsFitted
        ? $"Ranked with {Simulated}{allocation.CoefficientsSource}. "
        : $"Ranked with the coefficients of {allocation.CoefficientsSource}, not of your model and documents: a starting point to measure from. z ranks parameters of " +
            $"one strategy and is no accuracy; IterDRAG is recommended from {BudgetAllocator.IterDragFromTokens:N0} tokens on, where it wins in the paper's table 1. ") +
        (hasIndex
            ? $"Passage sizes are those of '{settings.Index.Value}'."
            : $"Nothing is indexed in '{settings.Index.Value}', so passages are taken to cost {new TokenSizes().PassageTokens:N0} tokens, as in the paper.");
}

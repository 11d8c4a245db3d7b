using System.Security.Cryptography;
using System.Text;
using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Evaluation.Reports;
using AgentRag.Evaluation.Runs;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Xunit;

namespace AgentRag.Tests.Evaluation.Reports;

public sealed class RunReportTests : IDisposable
{
    private readonly ReportFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void The_optimum_under_a_budget_is_the_best_configuration_that_keeps_it_and_the_cheapest_of_equals()
    {
        var run = Towns().Runs[0];

        Assert.Equal((1, 0), KM(run.Optimum("drag", 1_000)));
        Assert.Equal((5, 0), KM(run.Optimum("drag", 10_000)));
        Assert.Equal((5, 0), KM(run.Optimum("drag", 1_000_000))); // (5, 2) is as good and takes ten times the tokens
        Assert.Null(run.Optimum("iterdrag", 1_000));
        Assert.Equal((5, 0), KM(run.Optimum("iterdrag", 1_000_000)));

        static (int, int) KM(ConfigurationScores? scored) => (scored!.Configuration.Parameters.K, scored.Configuration.Parameters.M);
    }

    [Fact]
    public void The_envelope_holds_what_is_better_than_everything_cheaper_but_no_gold_passages()
    {
        var envelope = Towns().Runs[0].Envelope(EvaluationMetric.F1);

        // 100: 0; 500: 2; 5,000: 6; 20,000: 9; drag (5, 2) with 50,000 and 6 is below, and gold passages are no choice that a user has.
        Assert.Equal([100, 500, 5_000, 20_000], envelope.Select(scored => scored.MeanTokens));
        Assert.Equal([0, 0.2, 0.6, 0.9], envelope.Select(scored => scored.MeanOf(EvaluationMetric.F1)!.Value));
    }

    [Fact]
    public void The_line_through_the_envelope_is_that_of_least_squares_over_the_logarithm()
    {
        // y = 0.1 + 0.2 log10(x) exactly.
        var exact = LogLinearFit.To([(10, 0.3), (100, 0.5), (1_000, 0.7)])!;
        Assert.Equal((0.1, 0.2, 1), (Math.Round(exact.Intercept, 12), Math.Round(exact.Slope, 12), Math.Round(exact.RSquared, 12)));

        // x = 1, 2, 3 in logarithms, y = 0, 1, 0.5: slope = (−1 · 0 + 1 · 0.5) / 2 = 0.25, R² = 0.25² · 2 / 0.5 = 0.25.
        var rough = LogLinearFit.To([(10, 0), (100, 1), (1_000, 0.5)])!;
        Assert.Equal((0.25, 0.25), (Math.Round(rough.Slope, 12), Math.Round(rough.RSquared, 12)));
        Assert.Null(LogLinearFit.To([(10, 0), (100, 1)]));
    }

    [Fact]
    public void Advice_names_the_cheapest_that_is_not_clearly_worse()
    {
        var advice = Towns().Runs[0].Advice(1_000_000)!;

        // 9 of 10 against 6 of 10: three questions differ, all one way, p = 2 / 8; against 2 of 10: seven, p = 2 / 128.
        Assert.Equal(20_000, advice.Best.MeanTokens);
        Assert.Equal(5_000, advice.Cheaper!.MeanTokens);
        Assert.Equal(-0.3, advice.Comparison!.Difference.Value, precision: 12);
        Assert.Null(Towns().Runs[0].Advice(50));
    }

    [Fact]
    public void A_method_is_repeated_in_the_table_only_where_a_larger_budget_changes_its_best()
    {
        var blocks = Towns().Optima().Select(block => (block.Budget, string.Join(' ', block.Methods.Select(method => method.Strategy))));
        Assert.Equal(
            [(1_000L, "zero-shot drag gold-passages"), (8_000, "drag"), (32_000, "iterdrag")],
            blocks);
    }

    [Fact]
    public void An_unfinished_configuration_is_left_out_of_comparisons_and_the_page_says_so()
    {
        var records = Enumerable.Range(1, 3).Select(i => ReportFixture.Record($"q{i}", "rag", 5, 0, 1, 10, "right"))
            .Concat(Enumerable.Range(1, 10).Select(i => ReportFixture.Record($"q{i}", "drag", 5, 0, 1, 100, "wrong")));
        var questions = _fixture.Run("whole", ReportFixture.Manifest(), ("drag", 1, 0, 1, 1, 1)).Run.Questions;
        var report = RunReport.Of([_fixture.Run("part", ReportFixture.Manifest(), questions, records)]);

        Assert.Equal("drag", Assert.Single(report.Runs[0].Finished).Configuration.Strategy);
        Assert.Contains("1 configurations were not asked all questions yet", HtmlReport.Write(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Simulated_and_measured_runs_are_never_shown_together_and_a_simulated_report_says_so()
    {
        var measured = _fixture.Run("measured", ReportFixture.Manifest(), ("drag", 1, 0, 1, 10, 5));
        var simulated = _fixture.Run("simulated", ReportFixture.Manifest("other", isSimulated: true), ("drag", 1, 0, 1, 10, 5));

        Assert.Equal("Simulated and measured runs are never shown together: make two reports.", Assert.Throws<AgentRagException>(() => RunReport.Of([measured, simulated])).Message);
        Assert.Contains("Simulated.", Page(RunReport.Of([simulated])).QuerySelector(".note.simulated")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("**Simulated.**", MarkdownReport.Write(RunReport.Of([simulated])), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_holds_every_part_with_names_for_those_who_do_not_see_it()
    {
        var report = RunReport.Of(
            [Towns().Runs[0].Scored, _fixture.Run("ships", ReportFixture.Manifest("ships"), ("drag", 1, 0, 1, 500, 3), ("drag", 5, 0, 1, 4_000, 4))],
            new RunReportOptions
            {
                Predictions = [new("towns", "drag", new InferenceParameters(5, 0, 1), ObservationMetrics.F1, 0.55, 0.4, 0.7), new("towns", "drag", new InferenceParameters(1, 0, 1), ObservationMetrics.F1, 0.25)],
            });
        var page = Page(report);

        Assert.Equal("en", page.DocumentElement.GetAttribute("lang"));
        Assert.Equal(7, page.QuerySelectorAll("main svg[role=img]").Length); // two runs in three metrics, and one chart of predictions
        Assert.All(page.QuerySelectorAll("svg[role=img]"), svg => Assert.All(
            svg.GetAttribute("aria-labelledby")!.Split(' '), id => Assert.NotEmpty(page.GetElementById(id)!.TextContent)));
        Assert.Equal(["m \\ k", "1", "5"], page.QuerySelectorAll("#run0 .heat thead th").Take(3).Select(cell => cell.TextContent));
        Assert.All(page.QuerySelectorAll("table"), table => Assert.NotNull(table.QuerySelector("caption")));
        Assert.All(page.QuerySelectorAll("th"), header => Assert.NotNull(header.GetAttribute("scope")));
        Assert.Empty(page.QuerySelectorAll("[style], [onclick], [src], link, iframe, object, embed, form"));
        var ids = page.QuerySelectorAll("[id]").Select(element => element.Id!).ToList();
        Assert.Equal(ids.Count, ids.Distinct(StringComparer.Ordinal).Count());
        Assert.All(page.QuerySelectorAll("a[href^='#']"), link => Assert.Contains(link.GetAttribute("href")![1..], ids));
        Assert.All(page.QuerySelectorAll("a"), link => Assert.StartsWith("#", link.GetAttribute("href"), StringComparison.Ordinal));
        Assert.Equal(10 + 10, page.QuerySelectorAll("details.question").Length);
    }

    [Fact]
    public void Text_of_questions_passages_and_models_never_becomes_markup()
    {
        const string Hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'><style>*{display:none}</style>\u202Eevil\u0007";
        var passage = TestPassages.Passage("d", Hostile, Hostile);
        LabelledQuestion[] questions = [new()
        {
            Id = $"id {Hostile}",
            Question = $"Q {Hostile}",
            Answers = [Hostile],
            Supporting = ["d"],
            Decomposition = [new(Hostile, Hostile)],
        }];
        RunRecord[] records =
        [
            ReportFixture.Record(questions[0].Id, "iterdrag", 5, 0, 1, 100, $"A {Hostile}") with
            {
                Retrievals = [new RunRetrieval($"query {Hostile}", [0])],
                Requests = [new RunRequest { Purpose = Hostile, Tokens = 1, Passages = [0], Reply = $"reply {Hostile}", Demonstrations = [Hostile] }],
                Steps = [new SelfAskStep(Hostile, Hostile)],
            },
            ReportFixture.Record(questions[0].Id, "rag", 5, 0, 1, 100, "x") with { Error = $"error {Hostile}", Answer = null },
        ];
        var manifest = ReportFixture.Manifest($"set {Hostile}") with
        {
            Model = Hostile,
            Fingerprint = new Dictionary<string, string>(StringComparer.Ordinal) { [$"part {Hostile}"] = Hostile },
        };
        var report = RunReport.Of([_fixture.Run("hostile", manifest, questions, records, passage)]);

        var html = HtmlReport.Write(report);
        var page = new HtmlParser().ParseDocument(html);

        Assert.Single(page.QuerySelectorAll("script"));
        Assert.Single(page.QuerySelectorAll("style"));
        Assert.Empty(page.QuerySelectorAll("img"));
        Assert.DoesNotContain(page.All.SelectMany(element => element.Attributes), attribute => attribute.Name.StartsWith("on", StringComparison.Ordinal));
        Assert.DoesNotContain('\u202E', html);
        Assert.DoesNotContain('\u0007', html);
        // It is there to be read all the same.
        Assert.Contains("<script>alert(1)</script>", page.QuerySelector("details.question summary bdi")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("onerror=alert(2)", page.QuerySelector("dd bdi")!.TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", MarkdownReport.Write(report).Replace(@"\<script\>", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void The_policy_of_the_page_names_its_own_style_and_script_and_nothing_else()
    {
        var page = Page(Towns());
        var policy = page.QuerySelector("meta[http-equiv=Content-Security-Policy]")!.GetAttribute("content")!;

        Assert.StartsWith("default-src 'none'; ", policy, StringComparison.Ordinal);
        Assert.Contains($"style-src '{Hash(page.QuerySelector("style")!)}'", policy, StringComparison.Ordinal);
        Assert.Contains($"script-src '{Hash(page.QuerySelector("script")!)}'", policy, StringComparison.Ordinal);

        static string Hash(IElement element) =>
            $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(element.TextContent)))}";
    }

    [Fact]
    public void A_configuration_is_named_with_its_budget_only_where_the_run_has_several()
    {
        var one = _fixture.Run("one", ReportFixture.Manifest(), ("drag", 1, 0, 1, 10, 5));
        var records = new[] { 1_000_000L, 16_000 }.Select(budget => ReportFixture.Record("q1", "drag", 1, 0, 1, 10, "right") with { Budget = budget });
        var two = _fixture.Run("two", ReportFixture.Manifest(), one.Run.Questions, records);

        Assert.Equal(["drag k=1 m=0 n=1"], one.Configurations.Select(scored => one.NameOf(scored.Configuration)));
        Assert.Equal(
            ["drag k=1 m=0 n=1, budget 16,000", "drag k=1 m=0 n=1, budget 1,000,000"], two.Configurations.Select(scored => two.NameOf(scored.Configuration)));
    }

    [Fact]
    public void The_test_of_a_metric_is_the_same_for_all_pairs()
    {
        // All answers are right or wrong, so F1 is 0 or 1, too; the exact test of the binomial is EM's and Acc's all the same.
        var run = Towns().Runs[0].Scored;
        var (first, second) = (run.Configurations[0], run.Configurations[1]);

        Assert.Null(ScoredRun.Compare(first, second, EvaluationMetric.F1, seed: 1)!.McNemarP);
        Assert.NotNull(ScoredRun.Compare(first, second, EvaluationMetric.ExactMatch, seed: 1)!.McNemarP);
    }

    [Fact]
    public void Markdown_has_the_table_of_optima_with_the_chosen_parameters()
    {
        var lines = MarkdownReport.Write(Towns()).Split('\n');

        Assert.Contains("| budget | method | towns |", lines);
        Assert.Contains("| 8k | drag | 60.0 / 60.0 / 60.0 (5, 0, 1) |", lines);
        Assert.Contains(lines, line => line.StartsWith("- Up to 32k tokens: iterdrag k=5 m=0 n=3 is best, F1 90.0 with 20k tokens", StringComparison.Ordinal));
    }

    [Fact]
    public void Scaling_efficiency_is_the_gain_over_the_best_cheaper_configuration_per_thousand_tokens()
    {
        var run = _fixture.Run(
            "scaling", ReportFixture.Manifest(), ("drag", 1, 0, 1, 1_000, 2), ("drag", 2, 0, 1, 3_000, 3), ("drag", 5, 0, 1, 5_000, 2), ("drag", 10, 0, 1, 11_000, 5), ("iterdrag", 5, 0, 2, 4_000, 6));

        // From 20 to 30 % with 2k tokens more; 10 points below the 30 % that 3k reach, for 2k more; from these 30 to 50 % with 8k more. The cheapest has nothing below it.
        Assert.Equal([null, 5.0, -5.0, 2.5, null], run.Configurations.Select(scored => run.ScalingEfficiency(scored, EvaluationMetric.F1) is { } value ? Math.Round(value, 9) : (double?)null));

        var records = new[] { (1, 20_000L), (3, 40_000) }.Index().Select(answer =>
            ReportFixture.Record($"q{answer.Index + 1}", "iterdrag", 5, 2, 5, answer.Item.Item2, "right") with { Budget = 60_000, Used = [4, 2, answer.Item.Item1] });
        var used = Assert.Single(_fixture.Run("used", ReportFixture.Manifest(), run.Run.Questions, records).Configurations);
        Assert.Equal((0.5, 4, 2, 2), (used.BudgetUtilization, used.MeanUsedK, used.MeanUsedM, used.MeanIterations));
    }

    [Fact]
    public void Both_reports_show_what_tokens_bring_how_much_of_the_budget_is_used_and_what_was_used()
    {
        var lines = MarkdownReport.Write(Towns()).Split('\n');
        Assert.Contains("| strategy | k | m | n | budget | EM | F1 | Acc | tokens | most tokens | of budget | gain | used | requests | seconds | cost | failed |", lines);
        // From 20 to 60 % with 4,500 tokens more: 8.888...
        Assert.Contains(lines, line => line.StartsWith("| drag | 5 | 0 | 1 | 1M | 60.0", StringComparison.Ordinal) && line.Contains("| 5k | 5k | 0.5 % | +8.89 | 5, 0, 1 |", StringComparison.Ordinal));

        var rows = Page(Towns()).QuerySelectorAll("#run0 details table tbody tr").Select(row => row.Children.Select(cell => cell.TextContent).ToList()).ToList();
        var drag = rows.Single(row => row is ["drag", "5", "0", ..]);
        Assert.Equal(["5k", "5k", "0.5", "+8.89", "5, 0, 1"], drag[8..13]);
    }

    [Fact]
    public void A_strategy_that_chooses_k_m_and_n_is_shown_without_them()
    {
        var report = RunReport.Of([_fixture.Run("auto", ReportFixture.Manifest(), ("auto", 0, 0, 1, 100, 4), ("drag", 5, 0, 1, 50, 3))]);
        Assert.Contains("| 1k | auto | 40.0 / 40.0 / 40.0 (–, –, –) |", MarkdownReport.Write(report).Split('\n'));
        Assert.Contains(Page(report).QuerySelectorAll("#run0 details table tbody tr"), row => row.Children.Take(4).Select(cell => cell.TextContent).SequenceEqual(["auto", "–", "–", "–"]));
    }

    [Fact]
    public void A_passage_that_the_page_does_not_show_is_named_without_a_link()
    {
        LabelledQuestion question = new() { Id = "q1", Question = "Who?", Answers = ["right"], Supporting = ["d"] };
        var passages = Enumerable.Range(0, 90).Select(i => TestPassages.Passage($"p{i}", $"Text {i}.")).ToArray();
        // The second retrieval begins with what the page has no room for any more.
        var record = ReportFixture.Record("q1", "iterdrag", 90, 0, 2, 100, "right") with
        {
            Retrievals = [new RunRetrieval("first", [.. Enumerable.Range(0, 50)]), new RunRetrieval("second", [.. Enumerable.Range(50, 40)]) { Duplicates = 3 }],
            Requests = [new RunRequest { Purpose = "answer", Tokens = 100, Passages = [89, 70, 59, 0], Reply = "right" }],
        };
        var page = Page(RunReport.Of([_fixture.Run("many", ReportFixture.Manifest(), [question], [record], passages)]));

        var links = page.QuerySelectorAll(".question a[href^='#']").Select(link => link.GetAttribute("href")![1..]).ToList();
        Assert.Equal(60 + 2, links.Count); // the retrievals' first 60 passages, and two of the prompt's four
        Assert.All(links, id => Assert.NotNull(page.GetElementById(id)));
        Assert.Contains("passages 89 70 59 0", Spaced(page.QuerySelector(".way ol:last-of-type li")!.TextContent), StringComparison.Ordinal);
        Assert.Contains("3 left out that say the same", page.QuerySelector(".way ul")!.TextContent, StringComparison.Ordinal);

        static string Spaced(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Where_all_cells_of_a_heat_map_are_equal_none_stands_out()
    {
        var report = RunReport.Of([_fixture.Run("flat", ReportFixture.Manifest(), ("drag", 1, 0, 1, 100, 4), ("drag", 5, 0, 1, 500, 4))]);
        var map = Page(report).QuerySelector("#run0 .heat")!;
        Assert.Equal(["h0", "h0"], map.QuerySelectorAll("td").Select(cell => cell.ClassName));
        Assert.EndsWith("; the same everywhere", map.QuerySelector("caption")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_axis_has_its_ticks_inside_and_in_order()
    {
        var axis = new LogAxis([120, 90_000], 0, 100);
        Assert.Equal(axis.Ticks.Order(), axis.Ticks);
        Assert.All(axis.Ticks, tick => Assert.InRange(axis.At(tick), 0, 100));
        Assert.Equal(50, new LogAxis([10, 1_000], 0, 100).At(100), precision: 6);
    }

    [Fact]
    public async Task Predictions_are_read_line_by_line_and_a_bad_one_is_named()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("p.jsonl", """{"dataSet":"towns","strategy":"drag","k":5,"m":0,"n":1,"metric":"f1","predicted":0.5,"low":0.4,"high":0.6}""" + "\n\n{\"dataSet\":\"towns\"}\n");

        var exception = await Assert.ThrowsAsync<AgentRagException>(() => PerformancePrediction.LoadAsync(path));

        Assert.StartsWith($"{path}:3: a field is missing: a prediction needs dataSet", exception.Message, StringComparison.Ordinal);
    }

    private static AngleSharp.Html.Dom.IHtmlDocument Page(RunReport report) => new HtmlParser().ParseDocument(HtmlReport.Write(report));

    private RunReport Towns() => RunReport.Of(
    [
        _fixture.Run(
            $"towns-{Guid.NewGuid():N}",
            ReportFixture.Manifest(),
            ("zero-shot", 0, 0, 1, 100, 0),
            ("drag", 1, 0, 1, 500, 2),
            ("drag", 5, 0, 1, 5_000, 6),
            ("drag", 5, 2, 1, 50_000, 6),
            ("iterdrag", 5, 0, 3, 20_000, 9),
            (RunConfiguration.GoldPassages, 2, 0, 1, 300, 10)),
    ]);
}

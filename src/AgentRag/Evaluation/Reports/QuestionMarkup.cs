using AgentRag.Documents;
using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>Draws one question with the whole way to its answers.</summary>
internal sealed class QuestionMarkup(DetailedRun details, EvaluationMetric metric, string prefix)
{
    // A retrieval of hundreds is not read to its end.
    private const int MaxPassages = 60;

    private readonly IReadOnlyList<RunPassage> _passages = details.Run.Scored.Run.Passages;

    public Markup Draw(LabelledQuestion question, int index)
    {
        var id = $"{prefix}-q{index}";
        var marks = details.Configurations.Select(scored => (scored.Configuration.Strategy, Score: DetailedRun.ScoreOf(question, scored))).ToList();
        var real = marks.Where(mark => mark.Score is not null).Select(mark => mark.Score!.Value(metric) ?? 0).ToList();
        var state = real.Count == 0 ? "none" : real.TrueForAll(value => value >= 1) ? "right" : real.TrueForAll(value => value <= 0) ? "wrong" : "mixed";
        var shown = details.PassagesOf(question).Take(MaxPassages).ToHashSet();
        return Markup.Of(
            $"""
            <details class="question" data-state="{state}" id="{id}"><summary><bdi>{question.Question}</bdi> <span class="outcomes">{marks.Select(Outcome)}</span></summary>
            <p>Id <code>{question.Id}</code>. {(question.IsAnswerable ? "Gold answers:" : "The documents hold no answer; right is to say so.")} {Answers(question)}{(question.Hops is { } hops ? $" Hops: {hops}." : "")}</p>
            {Decomposition(question)}
            {details.Configurations.Select(scored => Way(question, scored, id, shown))}
            {Passages(question, id)}
            </details>
            """);
    }

    private static Markup Answers(LabelledQuestion question) => Markup.Join(question.Answers.Select(answer => Markup.Of($"<bdi class=\"answer\">{answer}</bdi> ")));

    private static Markup Decomposition(LabelledQuestion question) => question.Decomposition.Count == 0
        ? Markup.Empty
        : Markup.Of($"<p>Gold steps:</p><ol>{question.Decomposition.Select(step => Markup.Of($"<li><bdi>{step.Question}</bdi> → <bdi class=\"answer\">{step.Answer}</bdi></li>"))}</ol>");

    private Markup Outcome((string Strategy, QuestionScore? Score) outcome) => outcome.Score is null
        ? Markup.Empty
        : Markup.Of($"<span class=\"{Verdict(outcome.Score)}\">{outcome.Strategy} {(outcome.Score.IsFailed ? "failed" : ReportNumbers.Percent(outcome.Score.Value(metric)))}</span> ");

    private string Verdict(QuestionScore score) => score.IsFailed ? "bad" : score.Value(metric) switch
    {
        >= 1 => "good",
        > 0 => "part",
        _ => "bad",
    };

    private Markup Way(LabelledQuestion question, ConfigurationScores scored, string id, HashSet<int> shown)
    {
        if (details.RecordOf(question, scored) is not { } record || DetailedRun.ScoreOf(question, scored) is not { } score)
        {
            return Markup.Empty;
        }

        var prompts = RunReader.PromptPassages(record);
        return Markup.Of(
            $"""
            <details class="way"><summary>{details.Run.Scored.NameOf(scored.Configuration)}: {(record.IsFailed ? Markup.Of($"<span class=\"bad\">failed</span>") : Markup.Of($"<bdi class=\"answer\">{record.Answer}</bdi> <span class=\"{Verdict(score)}\">{metric.ShortName()} {ReportNumbers.Percent(score.Value(metric))}</span>"))},
            {ReportNumbers.Tokens(record.Tokens)} tokens, {record.Requests.Count} requests, {ReportNumbers.Seconds(record.Seconds)} s</summary>
            {(record.IsFailed ? Markup.Of($"<p class=\"bad\">{record.Error}</p>") : Markup.Empty)}
            {(record.StopReason is { } reason ? Markup.Of($"<p>Ended by: {reason}.{(score.Recall is { } recall ? $" Supporting documents in the prompts: {ReportNumbers.Percent(recall)} %." : "")}</p>") : Markup.Empty)}
            {(record.Steps.Count == 0 ? Markup.Empty : Markup.Of($"<ol class=\"steps\">{record.Steps.Select(step => Markup.Of($"<li><bdi>{step.SubQuery}</bdi> → <bdi class=\"answer\">{step.IntermediateAnswer}</bdi></li>"))}</ol>"))}
            {(record.Retrievals.Count == 0 ? Markup.Empty : Markup.Of($"<p>Retrievals:</p><ul>{record.Retrievals.Select(retrieval => Markup.Of($"<li><bdi>{retrieval.Query}</bdi>: {References(retrieval.Passages, id, shown)}{(retrieval.Duplicates is { } copies ? $"; {copies} left out that say the same" : "")}</li>"))}</ul>"))}
            {(record.Requests.Count == 0 ? Markup.Empty : Markup.Of($"<p>Requests:</p><ol>{record.Requests.Select((request, i) => Request(request, prompts[i], id, shown))}</ol>"))}
            </details>
            """);
    }

    private static Markup Request(RunRequest request, IReadOnlyList<int> prompt, string id, HashSet<int> shown) => Markup.Of(
        $"""
        <li>{request.Purpose}: {request.Tokens:N0} tokens{(request.Output is { } output ? $", {output:N0} out" : "")}{(request.Reused ? ", reply known from another configuration" : "")}{(request.Demonstrations.Count > 0 ? $", {request.Demonstrations.Count} demonstrations" : "")}{(request.Trimmed is [var passages, var ofDemonstrations, var demonstrations] ? $", left out: {passages} passages, {ofDemonstrations} of demonstrations, {demonstrations} demonstrations" : "")}
        <br>passages {(prompt.Count == 0 ? Markup.Of($"none") : References(prompt, id, shown))}<br>{(request.Error is null ? Markup.Of($"reply <bdi class=\"reply\">{request.Reply}</bdi>") : Markup.Of($"<span class=\"bad\">{request.Error}</span>"))}</li>
        """);

    // A passage that is not shown is named without a link to it.
    private static Markup References(IReadOnlyList<int> numbers, string id, HashSet<int> shown) =>
        Markup.Join(numbers.Take(MaxPassages).Select(number => shown.Contains(number) ? Markup.Of($"<a href=\"#{id}-p{number}\">{number}</a> ") : Markup.Of($"{number} ")))
        + (numbers.Count > MaxPassages ? Markup.Of($"and {numbers.Count - MaxPassages} more") : Markup.Empty);

    private Markup Passages(LabelledQuestion question, string id)
    {
        var numbers = details.PassagesOf(question);
        return numbers.Count == 0
            ? Markup.Empty
            : Markup.Of($"<details class=\"passages\"><summary>{numbers.Count} passages</summary><dl>{numbers.Take(MaxPassages).Select(number => Passage(question, number, id))}</dl>{(numbers.Count > MaxPassages ? Markup.Of($"<p>And {numbers.Count - MaxPassages} more, in the run's passages.jsonl.</p>") : Markup.Empty)}</details>");
    }

    private Markup Passage(LabelledQuestion question, int number, string id)
    {
        // Power may have failed between a passage and the record that names it.
        if (number >= _passages.Count)
        {
            return Markup.Of($"<dt id=\"{id}-p{number}\">{number}</dt><dd>The passage's text was lost.</dd>");
        }

        var passage = _passages[number];
        return Markup.Of(
            $"<dt id=\"{id}-p{number}\" tabindex=\"-1\">{number} <bdi>{passage.Title}</bdi>{(question.Supporting.Contains(passage.DocumentId) ? Markup.Of($" <span class=\"good\">supporting</span>") : Markup.Empty)}</dt><dd><bdi>{passage.Text}</bdi></dd>");
    }
}

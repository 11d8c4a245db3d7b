using System.Text.RegularExpressions;
using AgentRag.Documents;
using Microsoft.Extensions.AI;

namespace AgentRag.Evaluation.Runs;

/// <summary>Has a model judge the answers of a run: the judged metric, which sees what word metrics miss (abbreviations, date formats), and is a model's opinion.</summary>
/// <remarks>Each different answer to a question is judged once, and judged answers stay judged when a run goes on.</remarks>
/// <param name="model">The judge.</param>
/// <param name="prompt">How it is asked.</param>
/// <param name="options">Rate and parallel requests.</param>
/// <param name="time">The clock.</param>
public sealed partial class AnswerJudge(IChatClient model, JudgePrompt prompt, EvaluationRunOptions options, TimeProvider time)
{
    private readonly IChatClient _model = PacedChatClient.Over(model, options.RequestsPerMinute, time);

    /// <summary>Who judges: the model's name and the beginning of the prompt's hash. Scores by different judges are never mixed.</summary>
    public string Name =>
        $"{(model.GetService(typeof(ChatClientMetadata)) as ChatClientMetadata)?.DefaultModelId ?? model.GetType().Name}, prompt {prompt.ContentHash[..12]}";

    /// <summary>Judges what is not judged yet.</summary>
    /// <param name="run">The run.</param>
    /// <param name="progress">Told of (done, total); null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the work; what is judged stays.</param>
    /// <returns>How many answers were judged now.</returns>
    /// <exception cref="AgentRagException">The judge failed.</exception>
    public async Task<int> JudgeAsync(RunWriter run, Action<int, int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        var reader = RunReader.Open(run.Files.Directory);
        var questions = reader.Questions.ToDictionary(question => question.Id, StringComparer.Ordinal);
        var judged = reader.Judgements().Where(judgement => judgement.Judge == Name).Select(judgement => (judgement.QuestionId, judgement.Answer)).ToHashSet();
        List<(LabelledQuestion Question, string Answer)> open =
        [
            .. reader.Records()
                .Where(record => NeedsJudge(record, questions) && judged.Add((record.QuestionId, record.Answer!)))
                .Select(record => (questions[record.QuestionId], record.Answer!)),
        ];
        var done = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(open, parallel, async (one, cancellation) =>
        {
            var (messages, chat) = prompt.Render(one.Question.Question, one.Question.Answers, one.Answer);
            var reply = (await _model.GetResponseAsync(messages, chat, cancellation).ConfigureAwait(false)).Text;
            run.Add(new Judgement(one.Question.Id, one.Answer, Name, Verdict(reply), reply));
            progress?.Invoke(Interlocked.Increment(ref done), open.Count);
        }).ConfigureAwait(false);
        return open.Count;
    }

    /// <summary>Whether there is anything to judge: an abstention is right exactly when there is no gold answer, and needs no opinion.</summary>
    internal static bool NeedsJudge(RunRecord record, IReadOnlyDictionary<string, LabelledQuestion> questions) =>
        record is { Answer: not null, IsNotFound: false } && questions.TryGetValue(record.QuestionId, out var question) && question.IsAnswerable;

    /// <summary>Reads a verdict: the last of the two words in the reply, behind any thoughts.</summary>
    internal static bool? Verdict(string reply)
    {
        bool? verdict = null;
        foreach (Match word in Word().Matches(reply))
        {
            verdict = !word.Value.StartsWith("in", StringComparison.OrdinalIgnoreCase);
        }

        return verdict;
    }

    [GeneratedRegex(@"\b(?:in)?correct\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word();
}

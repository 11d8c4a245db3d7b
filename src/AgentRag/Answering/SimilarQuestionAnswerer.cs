using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentRag.Caching;

namespace AgentRag.Answering;

/// <summary>A semantic cache: gives the answer of an earlier question that asks nearly the same.</summary>
/// <remarks>
/// It can be wrong where an exact cache cannot, and is therefore nothing that is on by itself. An answer given again says to which question it was given
/// (<see cref="Answer.EarlierQuestion"/>), has an empty trace and costs no tokens. Failures, answers that something was not found, and what a deadline or a
/// cancellation cut short are not kept; a question with a conversation before it is always asked. Two processes at once may lose an entry to each other, and never get a wrong one. Safe for
/// concurrent use.
/// </remarks>
public sealed class SimilarQuestionAnswerer : IAnswerer
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly IAnswerer _inner;
    private readonly ResultCache _cache;
    private readonly IQuestionSimilarity _similarity;
    private readonly SimilarQuestionOptions _options;
    private readonly string _scope;
    private readonly KeyedLocks _locks = new();

    /// <summary>Makes an answerer that remembers.</summary>
    /// <param name="inner">Answers what no earlier question is like.</param>
    /// <param name="cache">Keeps questions with their answers.</param>
    /// <param name="similarity">Compares questions.</param>
    /// <param name="scope">Stands for all else that an answer depends on: index version, model, prompts, demonstrations.</param>
    /// <param name="options">Threshold and bounds; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public SimilarQuestionAnswerer(IAnswerer inner, ResultCache cache, IQuestionSimilarity similarity, string scope, SimilarQuestionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(similarity);
        ArgumentNullException.ThrowIfNull(scope);
        (_inner, _cache, _similarity, _scope, _options) = (inner, cache, similarity, scope, (options ?? new()).Validated());
    }

    /// <inheritdoc/>
    public string Strategy => _inner.Strategy;

    /// <inheritdoc/>
    public async IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validated();
        if (request.History.Count > 0)
        {
            // What the question asks is not in its words alone.
            await foreach (var happened in _inner.StreamAsync(request, cancellationToken).ConfigureAwait(false))
            {
                yield return happened;
            }

            yield break;
        }

        var key = KeyOf(request);
        var found = await FindAsync(request.Question, await HeldAsync(key, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        _cache.Count(key, found is not null);
        if (found is var (held, similarity))
        {
            foreach (var happened in Again(request, held, similarity))
            {
                yield return happened;
            }

            yield break;
        }

        await foreach (var happened in _inner.StreamAsync(request, cancellationToken).ConfigureAwait(false))
        {
            // Kept before it is told: whoever has read the answer may ask again.
            if (happened is Answered { Answer: { IsNotFound: false, StopReason: not (StopReason.Cancelled or StopReason.Deadline) } answer })
            {
                await KeepAsync(key, request.Question, answer, cancellationToken).ConfigureAwait(false);
            }

            yield return happened;
        }
    }

    private IEnumerable<AnswerEvent> Again(AnswerRequest request, HeldAnswer held, double similarity)
    {
        yield return new Planned(Strategy, request.Parameters, []);
        yield return new SimilarQuestionFound(held.Question, similarity);
        if (request.StreamsText)
        {
            yield return new TextStreamed(held.Answer.Text);
        }

        yield return new Answered(held.Answer with
        {
            Question = request.Question,
            EarlierQuestion = held.Question,
            EffectiveContextTokens = 0,
            Usage = AnswerUsage.None,
            Trace = [],
        });
    }

    // How an answer is told is no part of it.
    private string KeyOf(AnswerRequest request) => CacheKey.Of(
        "answer",
        Strategy,
        _scope,
        _similarity.Name,
        JsonSerializer.Serialize(request with { Question = "", StreamsText = false, AnswersWhenCancelled = false }, Json));

    private async Task KeepAsync(string key, string question, Answer answer, CancellationToken cancellationToken)
    {
        using (await _locks.EnterAsync(key, cancellationToken).ConfigureAwait(false))
        {
            // Read again: meanwhile others may have been answered.
            var held = await HeldAsync(key, cancellationToken).ConfigureAwait(false);
            List<HeldAnswer> kept = [new HeldAnswer(question, answer with { Trace = [] }), .. held.Where(other => other.Question != question)];
            await _cache.SetAsync(key, kept.Take(_options.MaxQuestions).ToList(), Json, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<List<HeldAnswer>> HeldAsync(string key, CancellationToken cancellationToken) =>
        await _cache.FindAsync<List<HeldAnswer>>(key, Json, cancellationToken).ConfigureAwait(false) ?? [];

    private async Task<(HeldAnswer Held, double Similarity)?> FindAsync(string question, List<HeldAnswer> held, CancellationToken cancellationToken)
    {
        if (held.Count == 0)
        {
            return null;
        }

        var scores = await _similarity.CompareAsync(question, held.ConvertAll(other => other.Question), cancellationToken).ConfigureAwait(false);
        var best = scores.Index().MaxBy(score => score.Item);
        return best.Item >= _options.Threshold ? (held[best.Index], best.Item) : null;
    }

    private sealed record HeldAnswer(string Question, Answer Answer);
}

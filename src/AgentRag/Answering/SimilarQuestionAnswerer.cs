using System.Text.Json;
using System.Text.Json.Serialization;
using AgentRag.Caching;

namespace AgentRag.Answering;

/// <summary>A semantic cache: gives the answer of an earlier question that asks nearly the same.</summary>
/// <remarks>
/// It can be wrong where an exact cache cannot, and is therefore nothing that is on by itself. An answer given again has an empty trace and costs no tokens. Failures,
/// and answers that something was not found, are not kept. Two processes at once may lose an entry to each other, and never get a wrong one. Safe for
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
    public async Task<Answer> AnswerAsync(AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validated();
        var key = CacheKey.Of("answer", Strategy, _scope, _similarity.Name, JsonSerializer.Serialize(request with { Question = "" }, Json));
        var held = await HeldAsync(key, cancellationToken).ConfigureAwait(false);
        var found = await FindAsync(request.Question, held, cancellationToken).ConfigureAwait(false);
        _cache.Count(key, found is not null);
        if (found is not null)
        {
            var again = found with { Question = request.Question, EffectiveContextTokens = 0, Trace = [] };
            progress?.Report(new Answered(again));
            return again;
        }

        var answer = await _inner.AnswerAsync(request, progress, cancellationToken).ConfigureAwait(false);
        if (!answer.IsNotFound)
        {
            using (await _locks.EnterAsync(key, cancellationToken).ConfigureAwait(false))
            {
                // Read again: meanwhile others may have been answered.
                held = await HeldAsync(key, cancellationToken).ConfigureAwait(false);
                List<HeldAnswer> kept = [new HeldAnswer(request.Question, answer with { Trace = [] }), .. held.Where(other => other.Question != request.Question)];
                await _cache.SetAsync(key, kept.Take(_options.MaxQuestions).ToList(), Json, cancellationToken).ConfigureAwait(false);
            }
        }

        return answer;
    }

    private async Task<List<HeldAnswer>> HeldAsync(string key, CancellationToken cancellationToken) =>
        await _cache.FindAsync<List<HeldAnswer>>(key, Json, cancellationToken).ConfigureAwait(false) ?? [];

    private async Task<Answer?> FindAsync(string question, List<HeldAnswer> held, CancellationToken cancellationToken)
    {
        if (held.Count == 0)
        {
            return null;
        }

        var scores = await _similarity.CompareAsync(question, held.ConvertAll(other => other.Question), cancellationToken).ConfigureAwait(false);
        var best = scores.Index().MaxBy(score => score.Item);
        return best.Item >= _options.Threshold ? held[best.Index].Answer : null;
    }

    private sealed record HeldAnswer(string Question, Answer Answer);
}

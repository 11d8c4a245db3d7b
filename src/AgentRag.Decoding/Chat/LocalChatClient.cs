using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Speculation;
using AgentRag.Decoding.Tokenizers;
using AgentRag.Models;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Chat;

/// <summary>A model in this process: a GGUF file of the Llama or Qwen2 family, run on the processor.</summary>
/// <remarks>
/// <para>Safe for concurrent use; requests wait for one another. A prompt that begins like the one before is read from where they part.</para>
/// <para>
/// A request may carry <see cref="DecodingOptions"/>; each reply carries a <see cref="DecodingReport"/>. With the default options a reply is what plain decoding
/// gives for the same seed, bit for bit, whoever drafts. Tools and response formats are not offered.
/// </para>
/// </remarks>
public sealed class LocalChatClient : IChatClient
{
    /// <summary>Most drafts of a round that measured times may lead to.</summary>
    private const int MostDrafts = 16;

    private readonly LocalModelOptions _options;
    private readonly LoadedModel _model;
    private readonly LoadedModel? _draftModel;
    private readonly TransformerContext _target;
    private readonly ChatTemplate _template;
    private readonly ChatClientMetadata _metadata;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, DraftLength> _draftLengths = new(StringComparer.Ordinal);
    private readonly RefragAdapter? _adapter;
    private readonly ChunkEmbeddings? _embeddings;
    private TransformerContext? _drafter;
    private int _replies;

    /// <summary>Opens a model.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <param name="options">How it is run; null for the defaults.</param>
    /// <exception cref="AgentRagException">The file cannot be read or run, or an option is out of range.</exception>
    public LocalChatClient(string path, LocalModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _options = (options ?? new LocalModelOptions()).Validated();
        _model = LoadedModel.Open(path, _options.Threads);
        try
        {
            if (_options.DraftModelPath is { } draftPath)
            {
                _draftModel = LoadedModel.Open(draftPath, _options.Threads);
                _model.RequireSameTokens(_draftModel);
            }

            if (_options.RefragAdapterPath is { } adapterPath)
            {
                _adapter = RefragAdapter.Open(adapterPath, RefragAdapter.FingerprintOf(_model.File), _model.Tokenizer);
                _embeddings = new ChunkEmbeddings(_adapter, _options.RefragCachePath);
            }

            ContextTokens = _options.ContextTokens ?? LocalModelOptions.DefaultContextTokens(_model.Shape.ContextTokens);
            _target = new TransformerContext(_model.Transformer, ContextTokens, _options.CachePrecision);
            _template = new ChatTemplate(_model.Tokenizer);
            TokenCounter = new LocalTokenCounter(_model.File, _model.Tokenizer, _template);
            _metadata = new ChatClientMetadata("gguf", providerUri: null, Path.GetFileName(path));
        }
        catch
        {
            _embeddings?.Dispose();
            _adapter?.TextEncoder?.Dispose();
            _draftModel?.Dispose();
            _model.Dispose();
            throw;
        }
    }

    /// <summary>Most tokens of a prompt with its answer.</summary>
    public int ContextTokens { get; }

    /// <summary>The file's name, as replies name the model.</summary>
    public string ModelName => _metadata.DefaultModelId!;

    /// <summary>Counts as the model does, chat template included. Also to be had as the service <see cref="ITokenCounter"/>.</summary>
    public LocalTokenCounter TokenCounter { get; }

    internal IModelTokenizer Tokenizer => _model.Tokenizer;

    internal ChatTemplate Template => _template;

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
        {
            updates.Add(update);
        }

        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">The prompt does not fit, an option is out of range, or something is asked for that an in-process model does not offer.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        RequireOffered(options);
        var request = Read([.. messages], options);
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var id = $"chatcmpl-{Interlocked.Increment(ref _replies)}";
            var reply = await Task.Run(() => Begin(request, cancellationToken), cancellationToken).ConfigureAwait(false);
            while (!reply.IsEnded)
            {
                var text = await Task.Run(() => reply.Next(cancellationToken), cancellationToken).ConfigureAwait(false);
                if (text.Length > 0)
                {
                    yield return Update(id, new TextContent(text));
                }
            }

            yield return LastUpdate(id, reply);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType == typeof(ITokenCounter) ? TokenCounter
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Closes the model.</summary>
    public void Dispose()
    {
        _target.Dispose();
        _drafter?.Dispose();
        _embeddings?.Dispose();
        _adapter?.TextEncoder?.Dispose();
        _draftModel?.Dispose();
        _model.Dispose();
        _turn.Dispose();
    }

    private static void RequireOffered(ChatOptions? options)
    {
        if (options?.Tools is { Count: > 0 })
        {
            throw new AgentRagException("The in-process model calls no tools: take them out of the request, or choose another model.");
        }

        if (options?.ResponseFormat is ChatResponseFormatJson)
        {
            throw new AgentRagException("The in-process model cannot be held to JSON: ask for text, or choose another model.");
        }
    }

    private Request Read(List<ChatMessage> messages, ChatOptions? options)
    {
        var sampling = _options.Sampling;
        return new Request(
            ChatTurn.From(messages, options?.Instructions),
            (sampling with
            {
                Temperature = options?.Temperature ?? sampling.Temperature,
                TopK = options?.TopK ?? sampling.TopK,
                TopP = options?.TopP ?? sampling.TopP,
                PresencePenalty = options?.PresencePenalty ?? sampling.PresencePenalty,
                FrequencyPenalty = options?.FrequencyPenalty ?? sampling.FrequencyPenalty,
                Seed = options?.Seed ?? sampling.Seed,
            }).Validated(),
            options?.MaxOutputTokens,
            [.. options?.StopSequences ?? [], .. _template.Stops],
            Predicting(DecodingOptions.From(options) ?? _options.Decoding, options).Validated(),
            GroundedRequest.From(options)?.Question);
    }

    // As an OpenAI-compatible client sends it: {"type": "content", "content": "..."}.
    private static DecodingOptions Predicting(DecodingOptions decoding, ChatOptions? options) =>
        decoding.Prediction is null && options?.AdditionalProperties?.TryGetValue("prediction", out var value) is true
            && value is JsonObject prediction && prediction["content"] is JsonValue content && content.TryGetValue(out string? text)
            ? decoding with { Prediction = text }
            : decoding;

    private Reply Begin(Request request, CancellationToken cancellationToken)
    {
        var started = _options.Time.GetTimestamp();
        var longest = request.Turns.Count == 0 ? -1 : Enumerable.Range(0, request.Turns.Count).MaxBy(turn => request.Turns[turn].Text.Length);
        var prompt = _template.Write(request.Turns, longest, out var place);
        if (longest < 0)
        {
            throw new AgentRagException("There is nothing to answer: the request has no text.");
        }

        var compressed = request.Decoding.Mode == DecodingMode.Refrag ? Compress(request, prompt, place) : null;
        var input = compressed?.Input ?? PromptInput.Of(prompt);
        if (input.Length >= ContextTokens)
        {
            throw new AgentRagException(
                $"The prompt takes {input.Length:N0} tokens and the model's context is {ContextTokens:N0}, the answer included: lower --context-window where it is asked, or serve the model with a longer --context.");
        }

        var reused = _target.Read(input.WithoutLast(), cancellationToken);
        var speculation = Speculate(request, prompt, cancellationToken);
        var history = new TokenHistory(prompt);
        var most = Math.Min(request.MostTokens ?? int.MaxValue, ContextTokens - input.Length);
        var generator = new TokenGenerator(
            _target, prompt[^1], new TokenSampler(request.Sampling, _model.Shape.VocabularySize), history,
            new GeneratorOptions { EndTokens = _model.Tokenizer.EndTokens, MostTokens = most, Time = _options.Time }, speculation.Speculator);
        return new Reply(generator, new TokenText(_model.Tokenizer), new StopText(request.Stops), _options.Time, started)
        {
            PromptTokens = input.Length,
            ReusedTokens = reused,
            Source = speculation,
            Compressed = compressed,
        };
    }

    private CompressedPrompt Compress(Request request, List<int> prompt, (int From, int To) place)
    {
        if (_adapter is null || _embeddings is null)
        {
            throw new AgentRagException("The mode refrag needs an adapter trained for the model: name its file with --refrag, or choose another mode.");
        }

        List<int> question = [];
        var options = request.Decoding.Refrag;
        var (from, to) = (place.From + options.KeptFirstTokens, Math.Min(place.To - options.KeptLastTokens, prompt.Count - 1));
        if ((request.Decoding.Question ?? request.Question) is { } text)
        {
            Tokenizer.Encode(text, question);
        }
        else
        {
            question.AddRange(prompt.Skip(Math.Max(to, 0)));
        }

        var stretches = KeptLines.Between(Tokenizer, prompt, place, from, to, options.KeptLineStarts);
        return CompressedPrompt.Of(prompt, stretches, question, _model.Transformer, _embeddings, _adapter, options, request.Sampling.Seed);
    }

    private Source Speculate(Request request, List<int> prompt, CancellationToken cancellationToken)
    {
        var decoding = request.Decoding;
        DraftContext? shortened = null;
        if (decoding.Mode == DecodingMode.Plain || request.MostTokens is <= 1)
        {
            return Source.None;
        }

        if (decoding.Prediction is { Length: > 0 } prediction)
        {
            List<int> tokens = [];
            Tokenizer.Encode(prediction, tokens);
            return Of("prediction", new LookupDrafter(tokens, [], isPrediction: true));
        }

        shortened = decoding.Mode == DecodingMode.Rapid
            ? DraftContext.OfAsync(request.Turns, decoding.Question ?? request.Question, prompt.Count, Count, decoding.DraftContext, _options.DraftRetriever, cancellationToken)
                .GetAwaiter().GetResult() // a thread of the pool is at work here, for as long as the model runs
            : null;
        if (shortened is null && _draftModel is null)
        {
            return Of("prompt", new LookupDrafter(prompt, prompt, isPrediction: false));
        }

        // The drafter's own random numbers, so that the target's do not depend on it.
        var draftPrompt = shortened is null ? prompt : _template.Write(shortened.Turns);
        var isDrawn = request.Sampling.Temperature > 0 && decoding.Rule != AcceptanceRule.Sampled;
        var sampling = request.Sampling.Temperature == 0 ? request.Sampling with { Temperature = 1, TopK = 0, TopP = 1, MinP = 0 } : request.Sampling;
        var context = Drafter(draftPrompt.Count);
        context.Read(PromptInput.Of(draftPrompt.SkipLast(1)), cancellationToken);
        var drafter = new ContextDrafter(
            context, draftPrompt[^1], new TokenSampler(sampling, _model.Shape.VocabularySize, stream: 1),
            new ContextDrafterOptions { TakesLikeliest = !isDrawn, LeastConfidence = decoding.LeastConfidence, EndTokens = Tokenizer.EndTokens });
        var name = (shortened, _draftModel) switch
        {
            (null, _) => "draft model",
            (_, null) => "retrieved context",
            _ => "retrieved context, draft model",
        };
        return Of(name, drafter) with { DraftPromptTokens = draftPrompt.Count, Coverage = shortened?.Coverage };

        Source Of(string kind, IDrafter with)
        {
            // Full eta where half of the question is covered; none below a quarter.
            var eta = decoding.GatesEta && shortened is not null ? decoding.Eta * Math.Clamp((shortened.Coverage - 0.25) / 0.25, 0, 1) : decoding.Eta;
            var acceptance = new Acceptance(decoding.Rule, shortened is null ? 0 : eta, decoding.TailShare);
            var length = decoding.DraftTokens is { } tokens ? DraftLength.Fixed(tokens) : MeasuredLength(kind);
            return new Source(kind, acceptance.IsAugmented ? eta : 0, new Speculator(with, acceptance, length));
        }
    }

    // Times are the machine's and the model's, so they outlive a request.
    private DraftLength MeasuredLength(string kind)
    {
        if (!_draftLengths.TryGetValue(kind, out var length))
        {
            _draftLengths[kind] = length = DraftLength.Measured(MostDrafts);
        }

        return length;
    }

    // Made when first needed, and anew when a longer prompt comes.
    private TransformerContext Drafter(int promptTokens)
    {
        var transformer = (_draftModel ?? _model).Transformer;
        var wanted = Math.Min(ContextTokens, Math.Max(promptTokens + 4_096, 8_192));
        if (_drafter is null || _drafter.Capacity < wanted)
        {
            _drafter?.Dispose();
            _drafter = new TransformerContext(transformer, wanted, _options.CachePrecision);
        }

        return _drafter;
    }

    private int Count(string text)
    {
        List<int> tokens = [];
        Tokenizer.Encode(text, tokens);
        return tokens.Count;
    }

    private ChatResponseUpdate Update(string id, params IList<AIContent> contents) =>
        new(ChatRole.Assistant, contents) { ResponseId = id, MessageId = id, ModelId = ModelName, CreatedAt = _options.Time.GetUtcNow() };

    private ChatResponseUpdate LastUpdate(string id, Reply reply)
    {
        var report = reply.Report(_options.Time);
        var update = Update(id, new UsageContent(new UsageDetails
        {
            InputTokenCount = report.PromptTokens,
            OutputTokenCount = report.GeneratedTokens,
            TotalTokenCount = report.PromptTokens + report.GeneratedTokens,
            CachedInputTokenCount = report.ReusedTokens,
            AdditionalCounts = new AdditionalPropertiesDictionary<long>
            {
                [PredictionUsage.Accepted] = report.AcceptedTokens,
                [PredictionUsage.Rejected] = report.DraftedTokens - report.AcceptedTokens,
                [PredictionUsage.DraftInput] = report.DraftPromptTokens,
            },
        }));
        update.FinishReason = reply.FinishReason;
        update.AdditionalProperties = new AdditionalPropertiesDictionary { [DecodingReport.Key] = report };
        return update;
    }

    private sealed record Request(
        List<ChatTurn> Turns, SamplingOptions Sampling, int? MostTokens, List<string> Stops, DecodingOptions Decoding, string? Question);

    private sealed record Source(string Name, double Eta, Speculator? Speculator)
    {
        public static readonly Source None = new("none", 0, Speculator: null);

        public int DraftPromptTokens { get; init; }

        public double? Coverage { get; init; }
    }

    /// <summary>A reply on its way.</summary>
    private sealed class Reply(TokenGenerator generator, TokenText text, StopText stop, TimeProvider time, long started)
    {
        private readonly StringBuilder _piece = new();
        private long? _first;

        public required int PromptTokens { get; init; }

        public required int ReusedTokens { get; init; }

        public required Source Source { get; init; }

        public required CompressedPrompt? Compressed { get; init; }

        public bool IsEnded { get; private set; }

        public ChatFinishReason FinishReason => !stop.IsStopped && generator.End == EndReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;

        /// <summary>Does one round.</summary>
        /// <returns>Its text, possibly empty.</returns>
        public string Next(CancellationToken cancellationToken)
        {
            _piece.Clear();
            foreach (var token in generator.Next(cancellationToken))
            {
                _piece.Append(stop.Add(text.Add(token)));
                if (stop.IsStopped)
                {
                    break;
                }
            }

            _first ??= time.GetTimestamp();
            if (generator.End != EndReason.None && !stop.IsStopped)
            {
                _piece.Append(stop.Add(text.End())).Append(stop.End());
            }

            IsEnded = stop.IsStopped || generator.End != EndReason.None;
            return _piece.ToString();
        }

        public DecodingReport Report(TimeProvider clock)
        {
            var counts = generator.Counts;
            var first = clock.GetElapsedTime(started, _first ?? started);
            return new DecodingReport
            {
                Drafter = Source.Name,
                Rule = Source.Speculator?.Acceptance.Rule ?? AcceptanceRule.Sampled,
                IsExact = Source.Speculator?.Acceptance.IsAugmented is not true && Compressed is not { Compressed: > 0 },
                Eta = Source.Eta,
                Coverage = Source.Coverage,
                PromptTokens = PromptTokens,
                ReusedTokens = ReusedTokens,
                CompressedChunks = Compressed?.Compressed ?? 0,
                ExpandedChunks = Compressed?.Expanded ?? 0,
                DraftPromptTokens = Source.DraftPromptTokens,
                GeneratedTokens = counts.Tokens,
                Rounds = counts.Rounds,
                DraftedTokens = counts.Drafted,
                AcceptedTokens = counts.Accepted,
                TimeToFirstToken = first,
                TimePerToken = counts.Rounds > 1 && _first is { } at ? clock.GetElapsedTime(at) / Math.Max(1, counts.Tokens - 1) : TimeSpan.Zero,
            };
        }
    }
}

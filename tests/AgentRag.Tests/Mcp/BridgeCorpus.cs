using System.Text.RegularExpressions;
using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Models;
using AgentRag.Plugin;
using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Mcp;

/// <summary>Three passages, and a model that goes from the bridge to its designer's birthplace. With k = 1 each retrieval brings one new passage.</summary>
internal static class BridgeCorpus
{
    public const string Question = "Where was the designer of the Lorn Bridge born?";

    public static IReadOnlyList<Passage> Passages { get; } =
    [
        Passage("bridge", "Lorn Bridge", "The Lorn Bridge was opened in 1931. Its designer was Ada Quill."),
        Passage("quill", "Ada Quill", "Ada Quill, an engineer, was born in Tamsel. Größe und «Fluß»."),
        Passage("ferry", "Ferry", "A ferry crosses the sound at noon."),
    ];

    public static PluginContext Context(IRetriever? retriever = null, IChatClient? model = null) => new()
    {
        Answering = new AnsweringContext
        {
            Retriever = retriever ?? new WordRetriever(),
            Model = model ?? new ScriptedModel(request => Task.FromResult(Reply(request))),
            TokenCounter = new WordCounter(),
        },
        PassageCount = Passages.Count,
        Index = Bm25Index.Build(Passages),
        Sizes = new TokenSizes(),
    };

    public static AgentRagPlugin Plugin(IRetriever? retriever = null, IChatClient? model = null, IndexJob? indexing = null) =>
        new(Context(retriever, model)) { Indexing = indexing };

    public static string Reply(GroundedRequest request) => (request.Task, request.Steps.Count) switch
    {
        (GroundedTask.NextStep, 0) => "Follow up: Where was Ada Quill born?",
        (GroundedTask.IntermediateAnswer, _) => "Intermediate answer: Tamsel",
        (GroundedTask.Decompose, _) => "Who was the designer of the Lorn Bridge?\nWhere was #1 born?",
        (GroundedTask.Answer, _) => "Tamsel",
        _ => "So the final answer is: Tamsel",
    };

    private static Passage Passage(string document, string title, string text) => new()
    {
        Id = $"{document}#1",
        DocumentId = document,
        Title = title,
        Source = $"{document}.md",
        Start = 0,
        End = text.Length,
        Text = text,
        ContentHash = document,
        TokenCount = text.Split(' ').Length,
    };
}

/// <summary>Ranks by the number of words that query and passage share; passages that share none are left out.</summary>
internal sealed partial class WordRetriever : IRetriever
{
    public string Name => "words";

    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        var asked = Words(query.Text);
        return Task.FromResult<IReadOnlyList<RankedPassage>>(
        [
            .. BridgeCorpus.Passages
                .Select(passage => (Passage: passage, Score: Words(passage.Text).Intersect(asked).Count()))
                .Where(scored => scored.Score > 0)
                .OrderByDescending(scored => scored.Score)
                .Take(query.K)
                .Select((scored, index) => new RankedPassage(scored.Passage, index + 1, scored.Score)),
        ]);
    }

    private static HashSet<string> Words(string text) => [.. Word().Matches(text.ToUpperInvariant()).Select(match => match.Value)];

    [GeneratedRegex(@"\w{4,}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word();
}

/// <summary>Waits, once it is asked, until the call is cancelled.</summary>
internal sealed class PatientRetriever : IRetriever
{
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => "patient";

    public Task Asked => _asked.Task;

    public Task Cancelled => _cancelled.Task;

    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        await using var registration = cancellationToken.Register(_cancelled.SetResult);
        _asked.SetResult();
        await _cancelled.Task;
        cancellationToken.ThrowIfCancellationRequested();
        return [];
    }
}

/// <summary>Holds every query until it is let go.</summary>
internal sealed class HeldRetriever : IRetriever
{
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => "held";

    public Task Asked => _asked.Task;

    public void Release() => _released.TrySetResult();

    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        _asked.TrySetResult();
        await _released.Task.WaitAsync(cancellationToken);
        return await new WordRetriever().RetrieveAsync(query, cancellationToken);
    }
}

/// <summary>Lets no call through before so many are under way.</summary>
internal sealed class GatheringRetriever(int calls) : IRetriever
{
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _arrived;

    public string Name => "gathering";

    public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Increment(ref _arrived) == calls)
        {
            _all.SetResult();
        }

        await _all.Task.WaitAsync(cancellationToken);
        return await new WordRetriever().RetrieveAsync(query, cancellationToken);
    }
}

/// <summary>Fails in a way that nobody foresaw.</summary>
internal sealed class BrokenRetriever(Exception fault) : IRetriever
{
    public string Name => "broken";

    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default) =>
        Task.FromException<IReadOnlyList<RankedPassage>>(fault);
}

/// <summary>Replies by a script to the request that comes with the prompt.</summary>
internal sealed class ScriptedModel(Func<GroundedRequest, Task<string>> script) : IChatClient
{
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        new(new ChatMessage(ChatRole.Assistant, await script(GroundedRequest.From(options)!))) { ModelId = "scripted" };

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("The answerers ask for whole replies.");

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}

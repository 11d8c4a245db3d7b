using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Indexing;
using AgentRag.Retrieval;

namespace AgentRag.Plugin;

/// <summary>AgentRag's tools, as functions that Semantic Kernel, Agent Framework, any chat client and the MCP server import.</summary>
/// <remarks>Safe for concurrent use. Nothing is opened before the first call.</remarks>
public sealed partial class AgentRagPlugin : IDisposable
{
    private readonly Func<CancellationToken, Task<PluginContext>> _open;
    private readonly SemaphoreSlim _opening = new(1, 1);

    /// <summary>Makes the plugin.</summary>
    /// <param name="open">
    /// Opens index, model, prompts and demonstrations. It is asked by every call, never twice at a time, so that a call sees an index that was brought up
    /// to date since the last; it should hand out what it has as long as nothing changed.
    /// </param>
    public AgentRagPlugin(Func<CancellationToken, Task<PluginContext>> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        _open = open;
    }

    /// <summary>Makes the plugin from what is open already.</summary>
    /// <param name="context">Index, model, prompts and demonstrations.</param>
    public AgentRagPlugin(PluginContext context)
        : this(_ => Task.FromResult(context))
    {
    }

    /// <summary>Whether what the tools work on could be opened once: a fault behind that is one of the call.</summary>
    public bool HasOpened { get; private set; }

    /// <summary>Opens what the tools work on, if it is not open yet: a server is ready when this ends well.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">There is no index, or something configured cannot be used.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken = default) => await ContextAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Finds the passages that fit a query best.</summary>
    /// <param name="query">What to look for.</param>
    /// <param name="k">How many passages, 1 to 50.</param>
    /// <param name="options">Size, form, scope and page; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">An argument is out of range, or the index cannot be opened.</exception>
    public async Task<RetrieveResult> RetrieveAsync(
        string query, int k = 5, RetrieveOptions? options = null, CancellationToken cancellationToken = default)
    {
        RequireText(nameof(query), query);
        RequireRange(nameof(k), k, 1, 50);
        options ??= new RetrieveOptions();
        RequireRange("max_tokens", options.MaxTokens, PluginTools.LeastResultTokens, PluginTools.MostResultTokens);
        var listing = $"retrieve\n{query}\n{options.Scope}";
        var first = ResultPage.First(listing, options.Cursor);
        var context = await ContextAsync(cancellationToken).ConfigureAwait(false);

        // One more than the page holds, to know whether there is another.
        var wanted = Math.Min(first + k + 1, RetrievalQuery.MaxK);
        var ranked = wanted <= first
            ? []
            : (await Scoped(context, options.Scope).Answering.Retriever.RetrieveAsync(new RetrievalQuery(query, wanted), cancellationToken).ConfigureAwait(false))
                .Skip(first).ToList();
        var page = ranked.Take(k).ToList();
        var (result, items) = PluginJson.Largest(page.Count, Make, options.MaxTokens, context.Answering.TokenCounter);
        // Not even one fits: a part of it says more than nothing.
        return items > 0 || page.Count == 0 ? result : CutFirst();

        RetrieveResult Make(int count) => new(
            query,
            [.. page.Take(count).Select(passage => PassageResult.From(passage, options.Concise ? text => Snippet.Of(text, query) : null))],
            ranked.Count > count ? ResultPage.Cursor(listing, first + count) : "",
            count == page.Count ? "" : $"{page.Count - count} of {page.Count} passages were left out to stay within max_tokens {options.MaxTokens}: go on with nextCursor, or raise max_tokens.");

        RetrieveResult CutFirst()
        {
            var whole = page[0].Passage.Text;
            var (cut, _) = PluginJson.Largest(
                whole.Length,
                characters => Make(1) with
                {
                    Passages = [PassageResult.From(page[0], text => PluginJson.Cut(text, characters))],
                    Note = $"The passage was cut to stay within max_tokens {options.MaxTokens}: raise max_tokens, or use read_passage.",
                },
                options.MaxTokens,
                context.Answering.TokenCounter);
            return cut;
        }
    }

    /// <summary>Finds passages for an agent that is given them with each question, such as by Agent Framework's TextSearchProvider.</summary>
    /// <param name="query">What to look for; of a longer text, such as a conversation, its last 2,000 characters: what is asked stands at the end.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>At most five passages, best first; empty when the query is.</returns>
    /// <exception cref="AgentRagException">The index cannot be opened.</exception>
    public async Task<IEnumerable<TextSearchResult>> SearchAsync(string query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (string.IsNullOrWhiteSpace(query))
        {
            return [];
        }

        query = query.TrimEnd();
        var start = Math.Max(0, query.Length - PluginTools.MaxQueryCharacters);
        start += start > 0 && char.IsLowSurrogate(query[start]) ? 1 : 0;
        var found = await RetrieveAsync(query[start..], cancellationToken: cancellationToken).ConfigureAwait(false);
        return found.Passages.Select(passage => new TextSearchResult(passage.Title, passage.Source, passage.Text));
    }

    /// <summary>Lists the documents of the index, page by page.</summary>
    /// <param name="scope">A path: only sources below it; empty for all.</param>
    /// <param name="maxTokens">Most tokens of the result as JSON, 200 to 100,000.</param>
    /// <param name="cursor">Where the page begins: <see cref="ListSourcesResult.NextCursor"/> of the page before; empty for the first.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">An argument is out of range, or there is no index that can be listed.</exception>
    public async Task<ListSourcesResult> ListSourcesAsync(
        string scope = "", int maxTokens = PluginTools.DefaultResultTokens, string cursor = "", CancellationToken cancellationToken = default)
    {
        RequireRange("max_tokens", maxTokens, PluginTools.LeastResultTokens, PluginTools.MostResultTokens);
        var listing = $"list_sources\n{scope}";
        var first = ResultPage.First(listing, cursor);
        var context = await ContextAsync(cancellationToken).ConfigureAwait(false);
        var index = RequireIndex(context);
        var prefix = Encoding.UTF8.GetBytes(scope);

        // A page never holds more than this: a document takes at least 20 tokens.
        var most = maxTokens / 20;
        var found = index.Documents
            .Where(document => prefix.Length == 0 || PassageFilter.HasPrefix(Encoding.UTF8.GetBytes(document.Source), prefix))
            .Skip(first).Take(most + 1).Select(SourceResult.From).ToList();
        var page = found.Take(most).ToList();
        return PluginJson.Largest(
            page.Count,
            count => new ListSourcesResult(
                index.DocumentCount, index.PassageCount, [.. page.Take(Math.Max(count, 1))], found.Count > Math.Max(count, 1) ? ResultPage.Cursor(listing, first + Math.Max(count, 1)) : ""),
            maxTokens,
            context.Answering.TokenCounter).Result;
    }

    /// <summary>Reads a passage with its neighbours in the same document.</summary>
    /// <param name="id">The passage's id.</param>
    /// <param name="before">Passages before it, 0 to 20.</param>
    /// <param name="after">Passages behind it, 0 to 20.</param>
    /// <param name="maxTokens">Most tokens of the result as JSON, 200 to 100,000.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">An argument is out of range, or the index does not hold the passage.</exception>
    public async Task<ReadPassageResult> ReadPassageAsync(
        string id, int before = 1, int after = 1, int maxTokens = PluginTools.DefaultResultTokens, CancellationToken cancellationToken = default)
    {
        RequireText(nameof(id), id);
        RequireRange(nameof(before), before, 0, 20);
        RequireRange(nameof(after), after, 0, 20);
        RequireRange("max_tokens", maxTokens, PluginTools.LeastResultTokens, PluginTools.MostResultTokens);
        var context = await ContextAsync(cancellationToken).ConfigureAwait(false);
        var around = RequireIndex(context).Around(id, before, after);
        var at = around.ToList().FindIndex(passage => passage.Id == id);
        if (at < 0)
        {
            throw new AgentRagException($"The index holds no passage '{PluginJson.Cut(id, 100)}': take a passageId from retrieve, or index again if the document has changed.");
        }

        // The nearest neighbours stay the longest.
        var nearest = Enumerable.Range(0, around.Count).OrderBy(i => Math.Abs(i - at)).ToList();
        var counter = context.Answering.TokenCounter;
        var (result, items) = PluginJson.Largest(around.Count, count => Make(nearest.Take(count), characters: null, count), maxTokens, counter);
        return items > 0
            ? result
            : PluginJson.Largest(around[at].Text.Length, characters => Make([at], characters, 0), maxTokens, counter).Result;

        ReadPassageResult Make(IEnumerable<int> chosen, int? characters, int count) => new(
            around[at].DocumentId,
            VisibleText.Line(around[at].Title),
            VisibleText.Line(around[at].Source),
            [.. chosen.Order().Select(i => ReadPassageText.From(around[i], characters))],
            count == around.Count ? ""
                : count > 0 ? $"{around.Count - count} neighbours were left out to stay within max_tokens {maxTokens}."
                : $"The passage was cut to stay within max_tokens {maxTokens}: raise it to read more.");
    }

    /// <summary>Reads a document whole, as its passages hold it.</summary>
    /// <param name="id">The document's id.</param>
    /// <param name="maxCharacters">Most characters; what is behind them is left out.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The text, with the headings above each section; null when the index does not hold the document.</returns>
    /// <exception cref="AgentRagException">There is no index that can be read.</exception>
    public async Task<string?> ReadDocumentAsync(string id, int maxCharacters = 100_000, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCharacters, 1);
        var passages = RequireIndex(await ContextAsync(cancellationToken).ConfigureAwait(false)).PassagesOf(id);
        if (passages.Count == 0)
        {
            return null;
        }

        var text = new StringBuilder($"# {VisibleText.Line(passages[0].Title)}\n");
        var headings = "";
        foreach (var passage in passages)
        {
            var above = VisibleText.Line(string.Join(" > ", passage.HeadingPath));
            text.Append(above == headings ? "\n" : $"\n## {above}\n\n").Append(VisibleText.Of(passage.Text)).Append('\n');
            headings = above;
            if (text.Length > maxCharacters)
            {
                break;
            }
        }

        return PluginJson.Cut(text.ToString(), maxCharacters);
    }

    /// <summary>Finds documents by the beginning of an id, or of one of its parts between slashes.</summary>
    /// <param name="start">How it begins; case does not count.</param>
    /// <param name="most">Most ids.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The ids, in the order of the index, and how many there are in all.</returns>
    /// <exception cref="AgentRagException">There is no index that can be listed.</exception>
    public async Task<(IReadOnlyList<string> Ids, int Total)> FindDocumentsAsync(string start, int most = 100, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        var index = RequireIndex(await ContextAsync(cancellationToken).ConfigureAwait(false));
        List<string> ids = [];
        var total = 0;
        foreach (var document in index.Documents)
        {
            if (document.Id.StartsWith(start, StringComparison.OrdinalIgnoreCase) || document.Id.Contains($"/{start}", StringComparison.OrdinalIgnoreCase))
            {
                total++;
                if (ids.Count < most)
                {
                    ids.Add(document.Id);
                }
            }
        }

        return (ids, total);
    }

    /// <summary>Brings the index up to date in the background, or says how far that is.</summary>
    /// <param name="start">Whether to begin a run, unless one is under way.</param>
    /// <exception cref="AgentRagException">This program cannot index.</exception>
    public IndexDocumentsResult IndexDocuments(bool start)
    {
        if (Indexing is null)
        {
            throw new AgentRagException("This program serves an index that others keep up to date: run 'agentrag index'.");
        }

        if (start)
        {
            _ = Indexing.Start();
        }

        return IndexDocumentsResult.From(Indexing.Status);
    }

    /// <summary>Splits a question into sub-queries.</summary>
    /// <param name="question">The question.</param>
    /// <param name="limit">At most how many sub-queries, 1 to 10.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">An argument is out of range, or the model failed.</exception>
    public async Task<DecomposeResult> DecomposeAsync(
        string question,
        int limit = 5,
        CancellationToken cancellationToken = default)
    {
        RequireText(nameof(question), question);
        RequireRange(nameof(limit), limit, 1, 10);
        var context = await ContextAsync(cancellationToken).ConfigureAwait(false);
        var subQueries = await new Decomposer(context.Answering).DecomposeAsync(question, limit, context.Budget, cancellationToken).ConfigureAwait(false);
        return new DecomposeResult(question, subQueries);
    }

    /// <summary>Answers in one pass with DRAG.</summary>
    /// <param name="question">The question.</param>
    /// <param name="k">Passages, 0 to 1000.</param>
    /// <param name="m">Demonstrations, 0 to 256.</param>
    /// <param name="budget">Input tokens at most, not above the configured budget; 0 for the configured budget.</param>
    /// <param name="progress">Told of each step; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">An argument is out of range, the question does not fit into the budget, or the model failed.</exception>
    public async Task<AnswerResult> AnswerWithDemonstrationsAsync(
        string question,
        int k = 10,
        int m = 2,
        int budget = 0,
        IProgress<AnswerEvent>? progress = null,
        CancellationToken cancellationToken = default) =>
        await AnswerByAsync(DragAnswerer.Name, question, new InferenceParameters(k, m, 1), budget, progress, cancellationToken).ConfigureAwait(false);

    /// <summary>Answers step by step with IterDRAG.</summary>
    /// <param name="question">The question.</param>
    /// <param name="k">Passages for the question and for each sub-query, 0 to 1000.</param>
    /// <param name="m">Demonstrations, 0 to 256.</param>
    /// <param name="n">Iterations at most, 1 to 32.</param>
    /// <param name="budget">Input tokens at most, not above the configured budget; 0 for the configured budget.</param>
    /// <param name="progress">Told of each step; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">An argument is out of range, the question does not fit into the budget, or the model failed.</exception>
    public async Task<AnswerResult> AnswerAsync(
        string question,
        int k = 5,
        int m = 2,
        int n = 5,
        int budget = 0,
        IProgress<AnswerEvent>? progress = null,
        CancellationToken cancellationToken = default) =>
        await AnswerByAsync(IterDragAnswerer.Name, question, new InferenceParameters(k, m, n), budget, progress, cancellationToken).ConfigureAwait(false);

    /// <summary>Says which parameters to buy with a budget.</summary>
    /// <param name="budget">Input tokens over all requests of a question, ≥ 1.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">The budget is too small, or the index cannot be opened.</exception>
    public async Task<AllocateBudgetResult> AllocateBudgetAsync(
        int budget,
        CancellationToken cancellationToken = default)
    {
        RequireRange(nameof(budget), budget, 1, int.MaxValue);
        var context = await ContextAsync(cancellationToken).ConfigureAwait(false);
        var allocation = BudgetAllocator.Allocate(new AllocationRequest(context.Budget with { MaxEffectiveContextTokens = budget }, context.Sizes)
        {
            Model = context.AllocationModel,
            MaxK = context.PassageCount,
            MaxM = context.Answering.Demonstrations.Count,
            MeasuredTokensHold = context.AllocationWarnings.Count == 0,
        });
        return AllocateBudgetResult.From(budget, allocation, context.AllocationModel, context.AllocationWarnings);
    }

    /// <inheritdoc/>
    public void Dispose() => _opening.Dispose();

    private static void RequireText(string name, string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new AgentRagException($"'{name}' is empty: say what to look for, such as \"Who designed the bridge that ...?\".");
        }

        if (text.Length > PluginTools.MaxQueryCharacters)
        {
            throw new AgentRagException(string.Create(
                CultureInfo.InvariantCulture, $"'{name}' has {text.Length:N0} characters, at most {PluginTools.MaxQueryCharacters:N0} are taken: shorten it."));
        }
    }

    private static void RequireRange(string name, int value, int low, int high)
    {
        if (value < low || value > high)
        {
            throw new AgentRagException($"'{name}' is {value}, must be in [{low}, {high}].");
        }
    }

    private static PluginContext Scoped(PluginContext context, string scope) =>
        scope.Length == 0 ? context : context with { Answering = context.Answering with { Retriever = new ScopedRetriever(context.Answering.Retriever, scope) } };

    private static Bm25Index RequireIndex(PluginContext context) =>
        context.Index ?? throw new AgentRagException("The index is not on this machine: its documents cannot be listed or read whole; use retrieve.");

    // The configured budget is a promise to whoever pays: a caller, who may have been talked into it by a document, can only stay below it.
    private static TokenBudgetOptions Bounds(PluginContext context, int budget) =>
        budget == 0 ? context.Budget
        : budget <= context.Budget.MaxEffectiveContextTokens ? context.Budget with { MaxEffectiveContextTokens = budget }
        : throw new AgentRagException(string.Create(
            CultureInfo.InvariantCulture,
            $"'budget' is {budget:N0}, at most {context.Budget.MaxEffectiveContextTokens:N0} tokens are configured: leave it out, or configure a larger budget where the tools are set up (--budget, MaxEffectiveContextTokens)."));

    private async Task<AnswerResult> AnswerByAsync(
        string strategy, string question, InferenceParameters parameters, int budget, IProgress<AnswerEvent>? progress, CancellationToken cancellationToken)
    {
        RequireText(nameof(question), question);
        RequireRange(nameof(budget), budget, 0, int.MaxValue);
        parameters.Validated();
        var context = await ContextAsync(cancellationToken).ConfigureAwait(false);
        var answer = await context.Answerer(strategy, context.Answering)
            .AnswerAsync(new AnswerRequest(question, parameters, Bounds(context, budget)) { StopRules = context.StopRules }, progress, cancellationToken).ConfigureAwait(false);
        return AnswerResult.From(answer, JsonNamingPolicy.CamelCase.ConvertName(answer.StopReason.ToString()));
    }

    private async Task<PluginContext> ContextAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var context = await _open(cancellationToken).ConfigureAwait(false);
            HasOpened = true;
            return context;
        }
        finally
        {
            _opening.Release();
        }
    }
}

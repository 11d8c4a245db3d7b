using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace AgentRag.Plugin;

/// <summary>AgentRag among a program's services.</summary>
public static class AgentRagServices
{
    /// <summary>Adds <see cref="AgentRagPlugin"/> with options from a section of the configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section, such as <c>AgentRag</c>: the names of <see cref="AgentRagOptions"/>.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddAgentRag(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        services.AddOptions<AgentRagOptions>().Bind(section, binder => binder.ErrorOnUnknownConfiguration = true);
        return Add(services);
    }

    /// <summary>Adds <see cref="AgentRagPlugin"/>.</summary>
    /// <param name="services">The services. An <see cref="IChatClient"/> must be among them unless the calling model answers; an <see cref="ITokenCounter"/> may be.</param>
    /// <param name="configure">Sets the options; null for the defaults.</param>
    /// <returns>The same services.</returns>
    /// <remarks>The options are checked when the program starts. The index is opened at the first call, and again when it was brought up to date.</remarks>
    public static IServiceCollection AddAgentRag(this IServiceCollection services, Action<AgentRagOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<AgentRagOptions>().Configure(configure ?? (_ => { }));
        return Add(services);
    }

    private static IServiceCollection Add(IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AgentRagOptions>, Validation>());
        services.AddOptions<AgentRagOptions>().ValidateOnStart();
        services.TryAddSingleton<ITokenCounter, EstimatingTokenCounter>();
        services.TryAddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<AgentRagOptions>>().Value;
            var opened = new Opened(options, provider);
            return new AgentRagPlugin(opened.ContextAsync) { CallDeadline = options.CallDeadline };
        });
        return services;
    }

    private sealed class Validation : IValidateOptions<AgentRagOptions>
    {
        public ValidateOptionsResult Validate(string? name, AgentRagOptions options) =>
            options.Problems() is { Count: > 0 } problems ? ValidateOptionsResult.Fail(problems.Select(problem => $"AgentRag: {problem}.")) : ValidateOptionsResult.Success;
    }

    /// <summary>The index as it was last opened. The plugin asks for it one call at a time.</summary>
    private sealed class Opened(AgentRagOptions options, IServiceProvider services)
    {
        private (byte[] Manifest, PluginContext Context)? _last;

        public async Task<PluginContext> ContextAsync(CancellationToken cancellationToken)
        {
            // Its bytes name the segments and their checksums, so they differ whenever the index does.
            var path = Path.Combine(options.IndexDirectory, "index.json");
            var manifest = File.Exists(path) ? await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false) : [];
            if (_last is { } last && last.Manifest.AsSpan().SequenceEqual(manifest))
            {
                return last.Context;
            }

            var counter = services.GetRequiredService<ITokenCounter>();
            var (index, retriever) = Open(counter);
            var context = new PluginContext
            {
                Answering = new AnsweringContext
                {
                    Retriever = retriever,
                    Model = services.GetService<IChatClient>() ?? (options.Mode == AnsweringMode.Host
                        ? new NoModel()
                        : throw new AgentRagException("There is no IChatClient among the services: add one, or set AgentRag's Mode to Host.")),
                    TokenCounter = counter,
                    Prompts = PromptLibrary.Load(options.Prompts),
                    Demonstrations = options.Demonstrations is null
                        ? DemonstrationStore.Empty
                        : DemonstrationStore.From(await LabelledQuestionFile.LoadAsync(options.Demonstrations, cancellationToken).ConfigureAwait(false), retriever),
                },
                PassageCount = index.PassageCount,
                Sizes = new TokenSizes { PassageTokens = index.MeanPassageTokens },
                Index = index,
                Budget = options.Budget,
                Mode = options.Mode,
            };
            _last = (manifest, context);
            return context;
        }

        // Once for both: the retriever ranks the very state that documents are read from.
        private (Bm25Index Index, IRetriever Retriever) Open(ITokenCounter counter)
        {
            if (options.Retriever == "linked")
            {
                var (linked, graph) = LinksIndex.Open(options.IndexDirectory, counter.Name);
                return (linked, new LinkedRetriever(linked, graph));
            }

            var index = Bm25Index.Open(options.IndexDirectory, counter.Name);
            return (index, new Bm25Retriever(index));
        }
    }

    private sealed class NoModel : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new AgentRagException("No model is configured: the calling model answers.");

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new AgentRagException("No model is configured: the calling model answers.");

        public object? GetService(Type serviceType, object? serviceKey = null) =>
            serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("none", defaultModelId: "the calling model") : null;

        public void Dispose()
        {
        }
    }
}

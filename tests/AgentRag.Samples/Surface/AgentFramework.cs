// NOT AGENT FRAMEWORK. Its packages cannot be restored where this project is built, so this file declares, without any behaviour, the members that the samples and the
// READMEs use, with the signatures of Microsoft.Agents.AI 1.x: a change of AgentRag that would break them breaks the build. Nothing here is run or packed.
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Microsoft.Agents.AI
{
    public abstract class AgentSession;

    public class AgentRunOptions;

    public class AgentResponse
    {
        public string Text => throw new NotSupportedException();

        public override string ToString() => Text;
    }

    public abstract class AIAgent
    {
        public Task<AgentResponse> RunAsync(string message, AgentSession? session = null, AgentRunOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }

    public sealed class ChatClientAgent : AIAgent;

    public abstract class AIContextProvider;

    public abstract class MessageAIContextProvider : AIContextProvider;

    public sealed class ChatClientAgentOptions
    {
        public string? Name { get; set; }

        public ChatOptions? ChatOptions { get; set; }

        public IEnumerable<AIContextProvider>? AIContextProviders { get; set; }
    }

    public sealed class TextSearchProvider : MessageAIContextProvider
    {
        public TextSearchProvider(
            Func<string, CancellationToken, Task<IEnumerable<TextSearchResult>>> searchAsync, TextSearchProviderOptions? options = null, ILoggerFactory? loggerFactory = null) =>
            throw new NotSupportedException();

        public sealed class TextSearchResult
        {
            public string? SourceName { get; set; }

            public string? SourceLink { get; set; }

            public string Text { get; set; } = string.Empty;

            public object? RawRepresentation { get; set; }
        }
    }

    public sealed class TextSearchProviderOptions
    {
        public enum TextSearchBehavior
        {
            BeforeAIInvoke,
            OnDemandFunctionCalling,
        }

        public TextSearchBehavior SearchTime { get; set; }
    }
}

namespace Microsoft.Extensions.AI
{
    public static class ChatClientExtensions
    {
        public static ChatClientAgent AsAIAgent(
            this IChatClient chatClient,
            string? instructions = null,
            string? name = null,
            string? description = null,
            IList<AITool>? tools = null,
            ILoggerFactory? loggerFactory = null,
            IServiceProvider? services = null) => throw new NotSupportedException();

        public static ChatClientAgent AsAIAgent(
            this IChatClient chatClient, ChatClientAgentOptions? options, ILoggerFactory? loggerFactory = null, IServiceProvider? services = null) => throw new NotSupportedException();
    }
}

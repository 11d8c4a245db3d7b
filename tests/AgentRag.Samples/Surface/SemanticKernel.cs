// NOT SEMANTIC KERNEL. Its packages cannot be restored where this project is built, so this file declares, without any behaviour, the members that the samples and the
// READMEs use, with the signatures of Microsoft.SemanticKernel 1.82: a change of AgentRag that would break them breaks the build. Nothing here is run or packed.
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.SemanticKernel;

public abstract class FullyQualifiedAIFunction : AIFunction;

public abstract class KernelFunction : FullyQualifiedAIFunction;

public abstract class KernelPlugin;

public sealed class KernelPluginCollection : List<KernelPlugin>;

public interface IKernelBuilderPlugins
{
    IServiceCollection Services { get; }
}

public interface IKernelBuilder
{
    IServiceCollection Services { get; }

    IKernelBuilderPlugins Plugins { get; }
}

public sealed class Kernel
{
    public KernelPluginCollection Plugins => throw new NotSupportedException();

    public IServiceProvider Services => throw new NotSupportedException();

    public static IKernelBuilder CreateBuilder() => throw new NotSupportedException();

    public Task<FunctionResult> InvokeAsync(string pluginName, string functionName, KernelArguments? arguments = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}

public sealed class KernelArguments : Dictionary<string, object?>
{
    public KernelArguments()
    {
    }

    public KernelArguments(PromptExecutionSettings? executionSettings) => throw new NotSupportedException();
}

public class PromptExecutionSettings
{
    public FunctionChoiceBehavior? FunctionChoiceBehavior { get; set; }
}

public sealed class FunctionChoiceBehaviorOptions
{
    public bool RetainArgumentTypes { get; set; }
}

public abstract class FunctionChoiceBehavior
{
    public static FunctionChoiceBehavior Auto(IEnumerable<KernelFunction>? functions = null, bool autoInvoke = true, FunctionChoiceBehaviorOptions? options = null) =>
        throw new NotSupportedException();
}

public sealed class FunctionResult
{
    public Type? ValueType => throw new NotSupportedException();

    public T? GetValue<T>() => throw new NotSupportedException();
}

public static class AIFunctionExtensions
{
    public static KernelFunction AsKernelFunction(this AIFunction aiFunction) => throw new NotSupportedException();
}

public static class KernelExtensions
{
    public static Kernel Build(this IKernelBuilder builder) => throw new NotSupportedException();

    public static KernelPlugin AddFromFunctions(this ICollection<KernelPlugin> plugins, string pluginName, IEnumerable<KernelFunction>? functions) =>
        throw new NotSupportedException();

    public static IKernelBuilderPlugins AddFromFunctions(this IKernelBuilderPlugins plugins, string pluginName, IEnumerable<KernelFunction>? functions) =>
        throw new NotSupportedException();

    public static Task<FunctionResult> InvokePromptAsync(
        this Kernel kernel,
        string promptTemplate,
        KernelArguments? arguments = null,
        string? templateFormat = null,
        IPromptTemplateFactory? promptTemplateFactory = null,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();
}

public interface IPromptTemplateFactory;

public static class OpenAIServiceCollectionExtensions
{
    public static IKernelBuilder AddOpenAIChatCompletion(
        this IKernelBuilder builder, string modelId, string apiKey, string? orgId = null, string? serviceId = null, HttpClient? httpClient = null) => throw new NotSupportedException();
}

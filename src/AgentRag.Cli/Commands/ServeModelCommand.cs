using System.CommandLine;
using AgentRag.Cli.Output;
using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Serving;
using AgentRag.Decoding.Speculation;
using AgentRag.Decoding.Transformers;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag serve-model</c>: a GGUF file behind an OpenAI-compatible endpoint on this machine.</summary>
internal static class ServeModelCommand
{
    private static readonly Argument<string> Model = new("FILE") { Description = "The model, a GGUF file of the Llama or Qwen2 family." };

    private static readonly Option<int?> Port = Flags.Number<int>("--port", "N", "The port on 127.0.0.1. Default: 8091.");

    private static readonly Option<int?> Context = Flags.Number<int>("--context", "TOKENS", "Most tokens of a prompt with its answer. Default: the model's, at most 32,768.");

    private static readonly Option<int?> Threads = Flags.Number<int>("--threads", "N", "Threads. Default: one per processor.");

    private static readonly Option<string?> DraftModel = new("--draft-model") { HelpName = "FILE", Description = "A smaller model of the same vocabulary that drafts." };

    private static readonly Option<string?> Refrag = new("--refrag") { HelpName = "FILE", Description = "A REFRAG adapter trained for the model (safetensors): makes the mode refrag possible." };

    private static readonly Option<string?> RefragCache = new("--refrag-cache") { HelpName = "FILE", Description = "Where embeddings of chunks are kept from run to run." };

    private static readonly Option<DecodingMode> Mode = new("--mode")
    {
        Description = "How requests are decoded that do not say: plain, speculative (the same texts, faster or as fast), rapid or refrag.",
        DefaultValueFactory = _ => DecodingMode.Speculative,
    };

    private static readonly Option<double?> Eta = Flags.Number<double>("--eta", "X", "With --mode rapid: lean towards the drafter by X (RAPID's eta). The distribution is not the model's own then.");

    private static readonly Option<CachePrecision> Cache = new("--cache") { Description = "How keys and values are kept: f32 or bf16.", DefaultValueFactory = _ => CachePrecision.F32 };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "serve-model",
            "Serve a model file to programs on this machine, in OpenAI's format.",
            "POST /v1/chat/completions takes 'prediction' and the object 'x_decoding' beside the usual fields, and replies say whether their distribution is the "
            + "model's own. Listens on 127.0.0.1 alone, asks for no key, and ends with Ctrl+C.",
            "agentrag serve-model qwen2.5-0.5b-instruct-q8_0.gguf",
            "agentrag serve-model big.gguf --draft-model small.gguf --mode rapid",
            "agentrag ask \"...\" --model openai:any --base-url http://127.0.0.1:8091/v1")
        {
            Model, Port, Context, Threads, DraftModel, Refrag, RefragCache, Mode, Eta, Cache,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var defaults = new LocalModelOptions();
        var eta = parsed.GetValue(Eta);
        var options = defaults with
        {
            ContextTokens = parsed.GetValue(Context),
            Threads = parsed.GetValue(Threads) ?? defaults.Threads,
            DraftModelPath = parsed.GetValue(DraftModel),
            RefragAdapterPath = parsed.GetValue(Refrag),
            RefragCachePath = parsed.GetValue(RefragCache),
            CachePrecision = parsed.GetValue(Cache),
            Decoding = new DecodingOptions
            {
                Mode = parsed.GetValue(Mode),
                Rule = eta is > 0 ? AcceptanceRule.Paper : AcceptanceRule.Sampled,
                Eta = eta ?? new DecodingOptions().Eta,
            },
        };
        var port = parsed.GetValue(Port) ?? 8_091;
        if (port is < 1 or > 65_535)
        {
            throw new AgentRagException($"--port is {port}, must be in [1, 65535].");
        }

        using var model = new LocalChatClient(parsed.GetValue(Model)!, options);
        using var server = new ModelServer(model, options, port);
        server.Start();
        terminal.WriteLine($"{model.ModelName} at {server.BaseUrl}, contexts of {model.ContextTokens:N0} tokens");
        try
        {
            await server.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Its ordinary end.
        }

        return ExitCode.Success;
    }
}

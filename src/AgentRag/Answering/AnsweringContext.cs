using AgentRag.Demonstrations;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Answering;

/// <summary>What every strategy works with.</summary>
public sealed record AnsweringContext
{
    /// <summary>Finds passages in the user's documents.</summary>
    public required IRetriever Retriever { get; init; }

    /// <summary>The model.</summary>
    public required IChatClient Model { get; init; }

    /// <summary>Counts prompts in the model's tokens.</summary>
    public required ITokenCounter TokenCounter { get; init; }

    /// <summary>The prompts. Default: those that ship with AgentRag.</summary>
    public PromptLibrary Prompts { get; init; } = PromptLibrary.Default;

    /// <summary>Where passages stand in the prompts. Default: <see cref="PromptLayout.Default"/>.</summary>
    public PromptLayout Layout { get; init; } = PromptLayout.Default;

    /// <summary>The worked examples. Default: none.</summary>
    public DemonstrationStore Demonstrations { get; init; } = DemonstrationStore.Empty;

    /// <summary>The language of the documents, such as <c>English</c>: keywords and searches are asked for in it. Default null: the question's own.</summary>
    public string? DocumentLanguage { get; init; }

    /// <summary>What models cost. Default: nothing is known.</summary>
    public PriceTable Prices { get; init; } = PriceTable.Empty;

    /// <summary>What telemetry calls the documents, such as the index's name. Default null: it names the retriever alone.</summary>
    public string? DataSource { get; init; }

    /// <summary>
    /// Whether telemetry may hold the texts of questions, prompts, passages and replies (<see cref="Telemetry"/>). Default: whether the environment variable
    /// OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is <c>true</c>, the switch of all GenAI instrumentations.
    /// </summary>
    public bool RecordsSensitiveData { get; init; } =
        string.Equals(Environment.GetEnvironmentVariable("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The clock of deadlines and durations. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The model's name, as it gives it.</summary>
    public string ModelName => (Model.GetService(typeof(ChatClientMetadata)) as ChatClientMetadata)?.DefaultModelId ?? Model.GetType().Name;
}

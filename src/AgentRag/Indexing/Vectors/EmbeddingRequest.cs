namespace AgentRag.Indexing.Vectors;

/// <summary>What is to be embedded, and how the model is asked.</summary>
public sealed record EmbeddingRequest
{
    /// <summary>The folder of the index; its vectors lie in <c>vectors</c> below it.</summary>
    public required string IndexDirectory { get; init; }

    /// <summary>What the model wants in front of a passage, such as E5's <c>passage: </c>; null for what the vectors there are were made with, else nothing.</summary>
    public string? PassagePrefix { get; init; }

    /// <summary>What the model wants in front of a query, such as E5's <c>query: </c>; null for what was set before, else nothing. May change without embedding anew.</summary>
    public string? QueryPrefix { get; init; }

    /// <summary>Whether float32 components are kept for rescoring: four times the space. Null for what the vectors there are have, else not.</summary>
    public bool? KeepFloat32 { get; init; }

    /// <summary>Whether vectors that are there already are dropped: needed to change the model. Default false.</summary>
    public bool Force { get; init; }

    /// <summary>Passages of one request. Default 64: what common servers take at once.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Requests that may be under way at a time. Default 4.</summary>
    public int MaxConcurrency { get; init; } = 4;

    /// <summary>Requests after which vectors are committed: what a killed run loses at most. Default 32.</summary>
    public int RequestsPerCommit { get; init; } = 32;

    /// <summary>Requests that are begun in a minute at most, evenly spaced; null for no limit. Default null.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Returns this request if it is consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public EmbeddingRequest Validated()
    {
        List<string> problems = [];
        Require(!string.IsNullOrEmpty(IndexDirectory), "IndexDirectory is empty");
        Require(BatchSize is >= 1 and <= 10_000, $"BatchSize is {BatchSize}, must be in [1, 10000]");
        Require(MaxConcurrency is >= 1 and <= 1000, $"MaxConcurrency is {MaxConcurrency}, must be in [1, 1000]");
        Require(RequestsPerCommit is >= 1 and <= 100_000, $"RequestsPerCommit is {RequestsPerCommit}, must be in [1, 100000]");
        Require(RequestsPerMinute is null or >= 1, $"RequestsPerMinute is {RequestsPerMinute}, must be at least 1");
        return problems.Count == 0 ? this : throw new AgentRagException($"Embedding: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}

/// <summary>How far an embedding run is.</summary>
/// <param name="Done">Texts that have their vector, those from earlier runs included.</param>
/// <param name="Total">Different texts among the passages of the index.</param>
/// <param name="Tokens">Input tokens of this run, as the model counted them, or as the index did where the model is silent.</param>
public sealed record EmbeddingProgress(int Done, int Total, long Tokens);

/// <summary>What an embedding run did.</summary>
/// <param name="Model">The embedding model.</param>
/// <param name="Dimensions">Components of each vector; 0 when the index has no passage.</param>
/// <param name="Embedded">Texts that were embedded in this run.</param>
/// <param name="Reused">Texts whose vectors were there already.</param>
/// <param name="Tokens">As in <see cref="EmbeddingProgress"/>.</param>
/// <param name="BytesOnDisk">Bytes of the vectors on disk.</param>
public sealed record EmbeddingResult(string Model, int Dimensions, int Embedded, int Reused, long Tokens, long BytesOnDisk);

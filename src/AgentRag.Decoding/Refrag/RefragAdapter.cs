using System.Globalization;
using System.Security.Cryptography;
using AgentRag.Decoding.Encoders;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Tokenizers;
using AgentRag.Decoding.Training;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Refrag;

/// <summary>Measures of an adapter.</summary>
internal sealed record RefragShape
{
    /// <summary>Tokens of a chunk, ≥ 1.</summary>
    public required int Rate { get; init; }

    /// <summary>The decoder's width.</summary>
    public required int Width { get; init; }

    /// <summary>The decoder's vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of encoder and policy, a multiple of 16.</summary>
    public int EncoderWidth { get; init; } = 64;

    /// <summary>Layers of the encoder. Default 1.</summary>
    public int EncoderLayers { get; init; } = 1;

    /// <summary>Layers of the policy. Default 2, as in the paper.</summary>
    public int PolicyLayers { get; init; } = 2;

    /// <summary>Numbers of a vector of the BERT or RoBERTa encoder that reads chunks; null (default) for an encoder of the adapter's own.</summary>
    public int? TextEncoderWidth { get; init; }
}

/// <summary>What makes a decoder read compressed chunks: a bidirectional encoder over a chunk's tokens, a two-layer projection, and a policy that chooses what to expand.</summary>
/// <remarks>
/// <para>
/// The file is safetensors: <c>encoder.*</c>, <c>projector.*</c> and <c>policy.*</c>, each matrix as inputs × outputs; its metadata say format, rate, widths, layers
/// and the decoder it was trained for (SHA-256 of its tensors' names, shapes and table of embeddings). So training can happen elsewhere.
/// </para>
/// <para>
/// An adapter without <c>encoder.*</c> names a BERT or RoBERTa encoder instead: <c>text_encoder</c> (its folder, beside the file or below), <c>text_encoder_sha256</c>
/// (over its weights, measures and tokenizer; see <see cref="ChunkTextEncoder.Fingerprint"/>), <c>text_encoder_width</c> and <c>text_encoder_pooling</c> (cls, mean, max). Its vectors go into the projection.
/// </para>
/// <para>
/// Departs from REFRAG (arXiv 2509.01092): tokens of an own encoder are the decoder's, so no text is encoded anew; all of its rows go into the projection, where the
/// paper does not say how they are pooled; the policy also sees the question's mean embedding, without which it cannot know what is asked for.
/// </para>
/// </remarks>
internal sealed class RefragAdapter : IChunkEncoder
{
    private const string Format = "agentrag-refrag-1";
    private const int HeadWidth = 16;
    private const string TextEncoderName = "text_encoder";
    private const string TextEncoderHash = "text_encoder_sha256";
    private const string TextEncoderWidth = "text_encoder_width";
    private const string TextEncoderPooling = "text_encoder_pooling";

    private readonly BlockShape _block;
    private string? _fingerprint;

    /// <param name="shape">The measures.</param>
    /// <param name="decoderFingerprint">The decoder it belongs to; see <see cref="FingerprintOf"/>.</param>
    /// <param name="seed">Chooses the first weights.</param>
    /// <param name="textEncoder">Reads chunks, if the shape has a width for it. The caller disposes of it.</param>
    public RefragAdapter(RefragShape shape, string decoderFingerprint, long seed, ChunkTextEncoder? textEncoder = null)
        : this(shape, decoderFingerprint, seed, textEncoder, new ParameterSet())
    {
    }

    private RefragAdapter(RefragShape shape, string decoderFingerprint, long seed, ChunkTextEncoder? textEncoder, ParameterSet parameters)
    {
        if (shape.TextEncoderWidth != textEncoder?.Width)
        {
            throw new ArgumentException($"The shape has {shape.TextEncoderWidth} numbers of a text encoder, the encoder makes {textEncoder?.Width}.", nameof(textEncoder));
        }

        if (shape.EncoderWidth % HeadWidth != 0)
        {
            throw new ArgumentException($"The encoder's width is {shape.EncoderWidth}, must be a multiple of {HeadWidth}.", nameof(shape));
        }

        (Shape, DecoderFingerprint, TextEncoder, Parameters) = (shape, decoderFingerprint, textEncoder, parameters);
        _block = new BlockShape(shape.EncoderWidth, shape.EncoderWidth, shape.EncoderWidth, HeadWidth, 2 * shape.EncoderWidth);
        var random = new SeededNumbers(seed, stream: 7);
        if (textEncoder is null)
        {
            Parameters.AddSpread("encoder.tokens", shape.VocabularySize, shape.EncoderWidth, random, 0.5);
            Parameters.AddSpread("encoder.positions", shape.Rate, shape.EncoderWidth, random, 0.5);
            for (var layer = 0; layer < shape.EncoderLayers; layer++)
            {
                Blocks.Add(Parameters, $"encoder.{layer}.", _block, random);
            }

            Parameters.AddOnes("encoder.norm", shape.EncoderWidth);
        }

        Parameters.AddMatrix("projector.0.weight", shape.TextEncoderWidth ?? (shape.Rate * shape.EncoderWidth), shape.Width, random);
        Parameters.AddZeros("projector.0.bias", shape.Width);
        Parameters.AddMatrix("projector.1.weight", shape.Width, shape.Width, random);
        Parameters.AddZeros("projector.1.bias", shape.Width);
        Parameters.AddMatrix("policy.input", shape.Width, shape.EncoderWidth, random);
        Parameters.AddMatrix("policy.question", shape.Width, shape.EncoderWidth, random);
        for (var layer = 0; layer < shape.PolicyLayers; layer++)
        {
            Blocks.Add(Parameters, $"policy.{layer}.", _block, random);
        }

        Parameters.AddOnes("policy.norm", shape.EncoderWidth);
        Parameters.AddMatrix("policy.output", shape.EncoderWidth, 1, random);
    }

    public RefragShape Shape { get; }

    public ParameterSet Parameters { get; }

    /// <summary>Reads chunks; null for the encoder in the parameters.</summary>
    public ChunkTextEncoder? TextEncoder { get; }

    /// <summary>The decoder it was trained for.</summary>
    public string DecoderFingerprint { get; }

    /// <inheritdoc/>
    public int Rate => Shape.Rate;

    /// <inheritdoc/>
    public int Width => Shape.Width;

    /// <inheritdoc/>
    public string Fingerprint => _fingerprint ??= Hash();

    public static bool IsPolicy(Parameter parameter) => parameter.Name.StartsWith("policy.", StringComparison.Ordinal);

    /// <summary>Names a decoder by what its embeddings mean.</summary>
    public static string FingerprintOf(GgufFile decoder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, tensor) in decoder.Tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(tensor.ToString()));
        }

        var table = decoder.Tensors[TransformerWeights.TokenEmbedding];
        for (var row = 0L; row < table.Rows; row += Math.Max(1, table.Rows / 1_024))
        {
            hash.AppendData(table.RowBytes(row));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Opens an adapter file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="decoderFingerprint">The decoder it is to be used with.</param>
    /// <param name="tokenizer">The decoder's tokenizer, for adapters that read chunks as texts; null where there are none such.</param>
    /// <exception cref="AgentRagException">It is no adapter, damaged, or made for another decoder; or the encoder that it names is not there, or another.</exception>
    public static RefragAdapter Open(string path, string decoderFingerprint, IModelTokenizer? tokenizer = null)
    {
        using var file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault("format") != Format)
        {
            throw new AgentRagException($"{path} is no REFRAG adapter: its metadata have no format {Format}.");
        }

        if (file.Metadata.GetValueOrDefault("decoder") != decoderFingerprint)
        {
            throw new AgentRagException($"{path} was trained for another decoder: embeddings of chunks mean nothing to a model that did not learn them. Take the model it was trained for.");
        }

        var shape = new RefragShape
        {
            Rate = Number("rate", 4_096),
            Width = Number("width", 1 << 17),
            VocabularySize = Number("vocabulary", 1 << 24),
            EncoderWidth = Number("encoder_width", 1 << 15),
            EncoderLayers = Number("encoder_layers", 1_000),
            PolicyLayers = Number("policy_layers", 1_000),
            TextEncoderWidth = file.Metadata.ContainsKey(TextEncoderName) ? Number(TextEncoderWidth, 1 << 15) : null,
        };
        if (shape.EncoderWidth % HeadWidth != 0)
        {
            throw new AgentRagException($"{path} is damaged: its metadata's 'encoder_width' is {shape.EncoderWidth}, must be a multiple of {HeadWidth}.");
        }

        foreach (var (name, rows, columns) in ((string, long, long)[])
            [shape.TextEncoderWidth is { } width ? ("projector.0.weight", width, shape.Width) : ("encoder.tokens", shape.VocabularySize, shape.EncoderWidth), ("projector.1.weight", shape.Width, shape.Width)])
        {
            Require(name, rows, columns);
        }

        var textEncoder = shape.TextEncoderWidth is null ? null : OpenTextEncoder();
        try
        {
            // What the metadata say takes no memory: each tensor is looked for first.
            return new RefragAdapter(shape, decoderFingerprint, seed: 0, textEncoder, new ParameterSet((name, rows, columns) => Require(name, rows, columns).ReadAll()));
        }
        catch
        {
            textEncoder?.Dispose();
            throw;
        }

        ChunkTextEncoder OpenTextEncoder()
        {
            if (tokenizer is null)
            {
                throw new AgentRagException($"{path} reads chunks as texts, and there is no tokenizer that says what the decoder's tokens are.");
            }

            var pooling = file.Metadata.GetValueOrDefault(TextEncoderPooling) switch
            {
                "cls" => PoolingMode.Cls,
                "mean" => PoolingMode.Mean,
                "max" => PoolingMode.Max,
                var other => throw new AgentRagException($"{path} is damaged: its metadata have no '{TextEncoderPooling}' of cls, mean or max, but '{other}'."),
            };
            var encoder = ChunkTextEncoder.Open(path, file.Metadata[TextEncoderName], pooling, tokenizer);
            if (encoder.Fingerprint == file.Metadata.GetValueOrDefault(TextEncoderHash) && encoder.Width == shape.TextEncoderWidth)
            {
                return encoder;
            }

            encoder.Dispose();
            throw new AgentRagException($"{path} was trained with another encoder than '{encoder.Name}' beside it is now (SHA-256 {encoder.Fingerprint[..12]}…): put the one there that it was trained with.");
        }

        Tensor Require(string name, long rows, long columns) => file.Tensors.TryGetValue(name, out var tensor) && tensor.Columns == columns && tensor.Rows == rows
            ? tensor
            : throw new AgentRagException($"{path} is damaged: it has no tensor '{name}' of {rows} x {columns}.");

        int Number(string name, int most) => int.TryParse(file.Metadata.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most
            ? number
            : throw new AgentRagException($"{path} is damaged: its metadata have no '{name}' between 1 and {most}.");
    }

    /// <summary>Writes the adapter.</summary>
    public void Write(string path, string? note = null, TensorType type = TensorType.F32)
    {
        var writer = new SafetensorsWriter()
            .Add("format", Format).Add("decoder", DecoderFingerprint).Add("rate", Text(Shape.Rate)).Add("width", Text(Shape.Width)).Add("vocabulary", Text(Shape.VocabularySize))
            .Add("encoder_width", Text(Shape.EncoderWidth)).Add("encoder_layers", Text(Shape.EncoderLayers)).Add("policy_layers", Text(Shape.PolicyLayers));
        if (TextEncoder is { } text)
        {
            writer.Add(TextEncoderName, text.Name).Add(TextEncoderHash, text.Fingerprint).Add(TextEncoderWidth, Text(text.Width)).Add(TextEncoderPooling, text.Pooling.ToString().ToLowerInvariant());
        }

        if (note is not null)
        {
            writer.Add("note", note);
        }

        foreach (var parameter in Parameters.All)
        {
            writer.Add(parameter.Name, type, [parameter.Columns, parameter.Rows], parameter.Value);
        }

        writer.Write(path);

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<int> tokens, Span<float> embedding) => Encode(new Tape(), tokens.ToArray()).Value.CopyTo(embedding);

    /// <summary>Encodes a chunk on a tape.</summary>
    public Node Encode(Tape tape, IReadOnlyList<int> tokens)
    {
        if (tokens.Count != Rate)
        {
            throw new ArgumentException($"A chunk has {Rate} tokens, not {tokens.Count}.", nameof(tokens));
        }

        var rows = TextEncoder is null ? EncodeTokens(tape, tokens) : EncodeText(TextEncoder, tokens);
        var hidden = tape.Silu(tape.AddRow(tape.Multiply(rows, Parameters["projector.0.weight"]), Parameters["projector.0.bias"]));
        return tape.AddRow(tape.Multiply(hidden, Parameters["projector.1.weight"]), Parameters["projector.1.bias"]);
    }

    private Node EncodeTokens(Tape tape, IReadOnlyList<int> tokens)
    {
        var rows = tape.Add(tape.Lookup(Parameters["encoder.tokens"], tokens), tape.Lookup(Parameters["encoder.positions"], [.. Enumerable.Range(0, Rate)]));
        for (var layer = 0; layer < Shape.EncoderLayers; layer++)
        {
            rows = Blocks.Run(tape, Parameters, $"encoder.{layer}.", _block, rows, rotaryBase: null);
        }

        return tape.Reshape(tape.RmsNorm(rows, Parameters["encoder.norm"], 1e-5f), 1, Rate * Shape.EncoderWidth);
    }

    // Its weights stay as they are: what is trained begins with the projection.
    private static Node EncodeText(ChunkTextEncoder encoder, IReadOnlyList<int> tokens)
    {
        var row = new Node(1, encoder.Width);
        encoder.Encode(tokens, row.Value);
        return row;
    }

    /// <summary>Scores chunks: the higher, the sooner expanded.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="chunks">One embedding per row.</param>
    /// <param name="question">The mean embedding of the question's tokens, one row.</param>
    /// <returns>One number per chunk.</returns>
    public Node Score(Tape tape, Node chunks, Node question)
    {
        var (inputs, asked) = (tape.Multiply(chunks, Parameters["policy.input"]), tape.Multiply(question, Parameters["policy.question"]));
        var rows = tape.Stack([(asked, 0), .. Enumerable.Range(0, chunks.Rows).Select(chunk => (inputs, chunk))]);
        for (var layer = 0; layer < Shape.PolicyLayers; layer++)
        {
            rows = Blocks.Run(tape, Parameters, $"policy.{layer}.", _block, rows, rotaryBase: null);
        }

        var normed = tape.RmsNorm(rows, Parameters["policy.norm"], 1e-5f);
        return tape.Multiply(tape.Stack([.. Enumerable.Range(1, chunks.Rows).Select(row => (normed, row))]), Parameters["policy.output"]);
    }

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var parameter in Parameters.All.Where(parameter => !IsPolicy(parameter)))
        {
            hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(parameter.Value));
        }

        if (TextEncoder is { } text)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{text.Fingerprint} {text.Pooling}"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

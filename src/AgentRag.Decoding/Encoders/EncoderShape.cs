namespace AgentRag.Decoding.Encoders;

/// <summary>The function between the two layers of the feed-forward network.</summary>
internal enum EncoderActivation
{
    /// <summary>x times the normal distribution's Φ(x).</summary>
    Gelu,

    /// <summary>The same by a hyperbolic tangent: 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    GeluTanh,

    /// <summary>What is above 0.</summary>
    Relu,
}

/// <summary>The measures of a BERT or RoBERTa encoder.</summary>
internal sealed record EncoderShape
{
    /// <summary><c>bert</c> or <c>roberta</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Layers, ≥ 1.</summary>
    public required int Layers { get; init; }

    /// <summary>Numbers of a token, a multiple of 16.</summary>
    public required int Width { get; init; }

    /// <summary>Attention heads; they divide the width into multiples of 16.</summary>
    public required int Heads { get; init; }

    /// <summary>Numbers of the inner layer of the feed-forward network, a multiple of 16.</summary>
    public required int FeedForwardWidth { get; init; }

    /// <summary>Tokens of the vocabulary.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Rows of the table of positions.</summary>
    public required int Positions { get; init; }

    /// <summary>The row of a text's first token: 0, and for RoBERTa the one behind its padding token's number.</summary>
    public required int FirstPosition { get; init; }

    /// <summary>Rows of the table of token types, of which the first is added to every token.</summary>
    public required int Types { get; init; }

    /// <summary>What is added to the variance in norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Between the two layers of the feed-forward network.</summary>
    public required EncoderActivation Activation { get; init; }

    /// <summary>Numbers of a head.</summary>
    public int HeadWidth => Width / Heads;

    /// <summary>Tokens of a text at most, special ones included.</summary>
    public int MostTokens => Positions - FirstPosition;

    /// <summary>Reads the measures.</summary>
    /// <param name="config">The folder's <c>config.json</c>.</param>
    /// <exception cref="AgentRagException">It is another kind of model, or a measure is missing or out of range.</exception>
    public static EncoderShape From(JsonSettings config)
    {
        var architecture = config.Text("model_type") ?? throw config.NotSupported("it does not say its 'model_type': this is no model's config.json.");
        if (architecture is not ("bert" or "roberta"))
        {
            throw config.NotSupported($"the model is of the type '{architecture}', this program runs bert and roberta; others run behind a server, --embeddings openai:NAME.");
        }

        if (config.Text("position_embedding_type") is not (null or "absolute") and var positions)
        {
            throw config.NotSupported($"the model's positions are '{positions}', this program knows absolute ones.");
        }

        if (config.Flag("is_decoder") is true)
        {
            throw config.NotSupported("the model is a decoder ('is_decoder'), this program runs encoders in this form.");
        }

        var isRoberta = architecture == "roberta";
        return new EncoderShape
        {
            Architecture = architecture,
            Layers = Required("num_hidden_layers"),
            Width = Required("hidden_size"),
            Heads = Required("num_attention_heads"),
            FeedForwardWidth = Required("intermediate_size"),
            VocabularySize = Required("vocab_size"),
            Positions = Required("max_position_embeddings"),
            FirstPosition = isRoberta ? Math.Clamp(config.Integer("pad_token_id") ?? 1, -1, 1 << 20) + 1 : 0,
            Types = config.Integer("type_vocab_size") ?? (isRoberta ? 1 : 2),
            NormEpsilon = (float)(config.Number("layer_norm_eps") ?? 1e-12),
            Activation = (config.Text("hidden_act") ?? "gelu") switch
            {
                "gelu" or "gelu_python" => EncoderActivation.Gelu,
                "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => EncoderActivation.GeluTanh,
                "relu" => EncoderActivation.Relu,
                var other => throw config.NotSupported($"the model's activation is '{other}', this program knows gelu, gelu_new, gelu_pytorch_tanh and relu."),
            },
        }.Validated(config.Path);

        int Required(string name) => config.Integer(name) ?? throw config.NotSupported($"there is no '{name}': this is no encoder's config.json, or it is damaged.");
    }

    /// <summary>Returns this shape if it can be run.</summary>
    /// <param name="source">Where it comes from, for the message.</param>
    /// <exception cref="AgentRagException">Some measure is out of range; the message names all of them.</exception>
    public EncoderShape Validated(string source)
    {
        List<string> problems = [];
        Require(Layers is >= 1 and <= 1_000, $"{Layers} layers, expected 1 to 1,000");
        Require(Width is >= 16 and <= 1 << 15 && Width % 16 == 0, $"a width of {Width}, expected a multiple of 16");
        Require(Heads is >= 1 and <= 1_024 && Width % Math.Max(1, Heads) == 0 && HeadWidth % 16 == 0, $"{Heads} heads, expected a number that divides the width into multiples of 16");
        Require(FeedForwardWidth is >= 16 and <= 1 << 18 && FeedForwardWidth % 16 == 0, $"a feed-forward width of {FeedForwardWidth}, expected a multiple of 16");
        Require(VocabularySize is >= 1 and <= 1 << 24, $"a vocabulary of {VocabularySize} tokens");
        Require(Positions is >= 1 and <= 1 << 17 && MostTokens >= 3, $"{Positions} positions from {FirstPosition} on, expected at least three and at most {1 << 17}");
        Require(Types is >= 1 and <= 1_024, $"{Types} types of tokens, expected 1 or 2");
        Require(NormEpsilon is >= 0 and < 1, $"a norm epsilon of {NormEpsilon}");
        return problems.Count == 0 ? this : throw new AgentRagException($"{source}: the model cannot be run; it has {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}

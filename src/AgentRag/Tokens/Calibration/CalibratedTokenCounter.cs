namespace AgentRag.Tokens.Calibration;

/// <summary>A counter whose counts are multiplied by a factor, and whose chat template is known.</summary>
/// <remarks>Its name is that of the counter it corrects: an index measured by one is used with the other. Immutable.</remarks>
public sealed class CalibratedTokenCounter : ITokenCounter
{
    private readonly double _factor;

    /// <summary>Corrects a counter.</summary>
    /// <param name="counter">The counter.</param>
    /// <param name="factor">What its counts are multiplied by, > 0; results are rounded up.</param>
    /// <param name="chatTemplate">What the model's chat template adds.</param>
    public CalibratedTokenCounter(ITokenCounter counter, double factor, ChatTemplateTokens chatTemplate)
    {
        ArgumentNullException.ThrowIfNull(counter);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        (Counter, _factor, ChatTemplate) = (counter, factor, chatTemplate);
    }

    /// <summary>The counter that is corrected.</summary>
    public ITokenCounter Counter { get; }

    /// <inheritdoc/>
    public string Name => Counter.Name;

    /// <inheritdoc/>
    public ChatTemplateTokens ChatTemplate { get; }

    /// <inheritdoc/>
    public int Count(ReadOnlySpan<char> text) => Corrected(Counter.Count(text));

    /// <summary>Corrects a count of <see cref="Counter"/>.</summary>
    internal int Corrected(int tokens) => (int)Math.Min(int.MaxValue, Math.Ceiling(tokens * _factor));
}

/// <summary>A counter that goes on being corrected as a provider reports.</summary>
public sealed class LearningTokenCounter : IChangingTokenCounter
{
    private readonly TokenCalibration _calibration;

    /// <summary>Corrects a counter by what a calibration knows at the time of counting.</summary>
    /// <param name="counter">The counter.</param>
    /// <param name="calibration">What is learned.</param>
    public LearningTokenCounter(ITokenCounter counter, TokenCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(counter);
        ArgumentNullException.ThrowIfNull(calibration);
        (Counter, _calibration) = (counter, calibration);
    }

    /// <summary>The counter that is corrected.</summary>
    public ITokenCounter Counter { get; }

    /// <inheritdoc/>
    public string Name => Counter.Name;

    /// <inheritdoc/>
    public ChatTemplateTokens ChatTemplate => _calibration.ChatTemplate;

    /// <inheritdoc/>
    public ITokenCounter Current() => _calibration.Correct(Counter);

    /// <inheritdoc/>
    public int Count(ReadOnlySpan<char> text) => Current().Count(text);
}

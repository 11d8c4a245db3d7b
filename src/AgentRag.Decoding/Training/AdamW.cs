namespace AgentRag.Decoding.Training;

/// <summary>AdamW (Loshchilov and Hutter, arXiv 1711.05101) with linear warm-up and a cosine down to a tenth.</summary>
/// <remarks>Not for concurrent use.</remarks>
internal sealed class AdamW
{
    private readonly Dictionary<Parameter, (float[] First, float[] Second)> _moments = [];
    private readonly double _peak;
    private readonly int _steps;

    /// <param name="peak">The highest learning rate.</param>
    /// <param name="steps">Steps of the whole training; the first 4 % warm up, as in REFRAG.</param>
    public AdamW(double peak, int steps) => (_peak, _steps) = (peak, Math.Max(1, steps));

    public double Decay { get; init; } = 0.01;

    /// <summary>Gradients longer than this, all parameters taken together, are shortened to it.</summary>
    public double LongestGradient { get; init; } = 1;

    /// <summary>Steps made.</summary>
    public int Steps { get; private set; }

    /// <summary>The running means of a parameter's gradients and of their squares; null for a parameter that was never changed.</summary>
    public (float[] First, float[] Second)? Moments(Parameter parameter) => _moments.TryGetValue(parameter, out var moments) ? moments : null;

    /// <summary>Goes on where another run stopped.</summary>
    /// <param name="steps">Steps that it made.</param>
    /// <param name="moments">Its running means.</param>
    public void Resume(int steps, IEnumerable<(Parameter Parameter, float[] First, float[] Second)> moments)
    {
        Steps = steps;
        foreach (var (parameter, first, second) in moments)
        {
            _moments[parameter] = (first, second);
        }
    }

    /// <summary>The learning rate of a step, from 0.</summary>
    public double Rate(int step)
    {
        var warm = Math.Max(1, (int)(0.04 * _steps));
        return step < warm
            ? _peak * (step + 1) / warm
            : _peak * (0.1 + (0.9 * (1 + Math.Cos(Math.PI * Math.Min(1, (step - warm) / (double)Math.Max(1, _steps - warm)))) / 2));
    }

    /// <summary>Changes the parameters that have gradients, and clears these.</summary>
    public void Step(IEnumerable<Parameter> parameters, Gradients gradients)
    {
        var trained = parameters.Where(gradients.Has).ToList();
        var length = Math.Sqrt(trained.Sum(parameter => (double)VectorLoops.Dot(gradients.Of(parameter), gradients.Of(parameter))));
        var shorten = (float)(length > LongestGradient ? LongestGradient / length : 1);
        var rate = Rate(Steps++);
        var (first, second) = (1 - Math.Pow(0.9, Steps), 1 - Math.Pow(0.98, Steps));
        foreach (var parameter in trained)
        {
            if (!_moments.TryGetValue(parameter, out var moments))
            {
                _moments[parameter] = moments = (new float[parameter.Value.Length], new float[parameter.Value.Length]);
            }

            var (gradient, decay) = (gradients.Of(parameter), (float)(parameter.Rows > 1 ? 1 - (rate * Decay) : 1));
            var (scale, correction) = ((float)(rate / first), (float)(1 / second));
            for (var i = 0; i < gradient.Length; i++)
            {
                var g = gradient[i] * shorten;
                moments.First[i] = (0.9f * moments.First[i]) + (0.1f * g);
                moments.Second[i] = (0.98f * moments.Second[i]) + (0.02f * g * g);
                parameter.Value[i] = (parameter.Value[i] * decay) - (scale * moments.First[i] / (MathF.Sqrt(moments.Second[i] * correction) + 1e-8f));
            }
        }

        gradients.Clear();
    }
}

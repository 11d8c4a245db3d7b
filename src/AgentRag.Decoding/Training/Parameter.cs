using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Training;

/// <summary>A matrix that is trained: rows of inputs, columns of outputs.</summary>
internal sealed class Parameter
{
    public Parameter(string name, int rows, int columns)
    {
        (Name, Rows, Columns) = (name, rows, columns);
        Value = new float[rows * columns];
    }

    public string Name { get; }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Row after row.</summary>
    public float[] Value { get; }

    /// <summary>Normal random values of a spread.</summary>
    public Parameter Spread(SeededNumbers random, double spread)
    {
        for (var i = 0; i < Value.Length; i++)
        {
            Value[i] = (float)(random.NextNormal() * spread);
        }

        return this;
    }

    public Parameter Fill(float value)
    {
        Array.Fill(Value, value);
        return this;
    }
}

/// <summary>Parameters by name.</summary>
internal sealed class ParameterSet
{
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly List<Parameter> _all = [];

    public IReadOnlyList<Parameter> All => _all;

    public Parameter this[string name] => _byName[name];

    public Parameter Add(Parameter parameter)
    {
        _byName.Add(parameter.Name, parameter);
        _all.Add(parameter);
        return parameter;
    }

    /// <summary>Adds a matrix whose outputs spread like its inputs.</summary>
    public Parameter AddMatrix(string name, int inputs, int outputs, SeededNumbers random) => Add(new Parameter(name, inputs, outputs).Spread(random, 1 / Math.Sqrt(inputs)));

    public Parameter AddOnes(string name, int length) => Add(new Parameter(name, 1, length).Fill(1));

    public Parameter AddZeros(string name, int length) => Add(new Parameter(name, 1, length));
}

/// <summary>Gradients of one worker, one array per parameter it has touched.</summary>
internal sealed class Gradients
{
    private readonly Dictionary<Parameter, float[]> _gradients = [];

    public float[] Of(Parameter parameter)
    {
        if (!_gradients.TryGetValue(parameter, out var gradient))
        {
            _gradients[parameter] = gradient = new float[parameter.Value.Length];
        }

        return gradient;
    }

    public bool Has(Parameter parameter) => _gradients.ContainsKey(parameter);

    public void Add(Gradients other)
    {
        foreach (var (parameter, more) in other._gradients)
        {
            VectorLoops.AddScaled(more, 1, Of(parameter));
        }
    }

    public void Clear()
    {
        foreach (var gradient in _gradients.Values)
        {
            Array.Clear(gradient);
        }
    }
}

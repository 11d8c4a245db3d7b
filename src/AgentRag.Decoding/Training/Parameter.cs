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

/// <summary>Gradients of one worker, one array per parameter it has touched since they were cleared.</summary>
internal sealed class Gradients
{
    private readonly Dictionary<Parameter, float[]> _arrays = [];
    private readonly HashSet<Parameter> _touched = [];

    public float[] Of(Parameter parameter)
    {
        if (!_arrays.TryGetValue(parameter, out var gradient))
        {
            _arrays[parameter] = gradient = new float[parameter.Value.Length];
        }

        _touched.Add(parameter);
        return gradient;
    }

    public bool Has(Parameter parameter) => _touched.Contains(parameter);

    public void Add(Gradients other)
    {
        foreach (var parameter in other._touched)
        {
            VectorLoops.AddScaled(other._arrays[parameter], 1, Of(parameter));
        }
    }

    /// <summary>Forgets all; what is not touched again has no gradient, so that an optimizer leaves it alone.</summary>
    public void Clear()
    {
        foreach (var parameter in _touched)
        {
            Array.Clear(_arrays[parameter]);
        }

        _touched.Clear();
    }
}

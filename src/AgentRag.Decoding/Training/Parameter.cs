using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Training;

/// <summary>A matrix that is trained: rows of inputs, columns of outputs.</summary>
internal sealed class Parameter
{
    /// <param name="name">Its name.</param>
    /// <param name="rows">Inputs.</param>
    /// <param name="columns">Outputs.</param>
    /// <param name="values">Its values, row after row, which it takes over; null for zeros.</param>
    public Parameter(string name, int rows, int columns, float[]? values = null)
    {
        var count = checked(rows * columns);
        if (values is not null && values.Length != count)
        {
            throw new ArgumentException($"'{name}' has {rows} x {columns} values, not {values.Length}.", nameof(values));
        }

        (Name, Rows, Columns, Value) = (name, rows, columns, values ?? new float[count]);
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
/// <param name="valuesOf">Finds the values of a parameter by its name, rows and columns, before memory is taken for it; null for first values as each is added with.</param>
internal sealed class ParameterSet(Func<string, int, int, float[]>? valuesOf = null)
{
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly List<Parameter> _all = [];

    public IReadOnlyList<Parameter> All => _all;

    public Parameter this[string name] => _byName[name];

    /// <summary>Adds a matrix of normal random values.</summary>
    public void AddSpread(string name, int rows, int columns, SeededNumbers random, double spread) => Add(name, rows, columns, parameter => parameter.Spread(random, spread));

    /// <summary>Adds a matrix whose outputs spread like its inputs.</summary>
    public void AddMatrix(string name, int inputs, int outputs, SeededNumbers random) => AddSpread(name, inputs, outputs, random, 1 / Math.Sqrt(inputs));

    public void AddOnes(string name, int length) => Add(name, 1, length, parameter => parameter.Fill(1));

    public void AddZeros(string name, int length) => Add(name, 1, length, parameter => parameter);

    private void Add(string name, int rows, int columns, Func<Parameter, Parameter> first)
    {
        var parameter = valuesOf is null ? first(new Parameter(name, rows, columns)) : new Parameter(name, rows, columns, valuesOf(name, rows, columns));
        _byName.Add(name, parameter);
        _all.Add(parameter);
    }
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

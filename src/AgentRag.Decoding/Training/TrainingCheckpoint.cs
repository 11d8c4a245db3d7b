using System.Globalization;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Training;

/// <summary>Where a training stands: what it takes to go on as if it had not been stopped.</summary>
/// <param name="Stage">The stage's number, from 0.</param>
/// <param name="Step">Steps of the stage that were made.</param>
/// <param name="Mean">The running mean of what is reported.</param>
internal sealed record TrainingPosition(int Stage, int Step, double Mean);

/// <summary>A training's parameters and running means in a file.</summary>
/// <remarks>
/// Safetensors: <c>value.*</c>, <c>first.*</c> and <c>second.*</c> by parameter; metadata: format, the run's options, stage, step, mean, the optimizer's steps.
/// Written beside the file before and moved over it, so that a kill leaves the one or the other.
/// </remarks>
internal static class TrainingCheckpoint
{
    private const string Format = "agentrag-training-1";

    /// <summary>Writes a checkpoint.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Names the run: another one cannot go on from here.</param>
    /// <param name="position">Where it stands.</param>
    /// <param name="optimizer">The optimizer of the stage.</param>
    /// <param name="parameters">All that may be trained, each name once.</param>
    public static void Write(string path, string options, TrainingPosition position, AdamW optimizer, IEnumerable<Parameter> parameters)
    {
        var writer = new SafetensorsWriter()
            .Add("format", Format).Add("options", options).Add("stage", Text(position.Stage)).Add("step", Text(position.Step))
            .Add("mean", position.Mean.ToString("R", CultureInfo.InvariantCulture)).Add("optimizer_steps", Text(optimizer.Steps));
        foreach (var parameter in parameters)
        {
            Add("value.", parameter, parameter.Value);
            if (optimizer.Moments(parameter) is { } moments)
            {
                Add("first.", parameter, moments.First);
                Add("second.", parameter, moments.Second);
            }
        }

        writer.Write(path + ".part");
        File.Move(path + ".part", path, overwrite: true);

        void Add(string kind, Parameter parameter, float[] values) => writer.Add(kind + parameter.Name, TensorType.F32, [parameter.Columns, parameter.Rows], values);

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Reads a checkpoint.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The run's, as they were written.</param>
    /// <param name="optimizer">Makes the optimizer of a stage, which takes over the running means.</param>
    /// <param name="parameters">Take the values.</param>
    /// <returns>Where the run stands, and its optimizer.</returns>
    /// <exception cref="AgentRagException">It is no checkpoint, damaged, or another run's.</exception>
    public static (TrainingPosition Position, AdamW Optimizer) Read(string path, string options, Func<int, AdamW> optimizer, IReadOnlyList<Parameter> parameters)
    {
        using var file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault("format") != Format)
        {
            throw new AgentRagException($"{path} is no checkpoint of a training: name another directory, or delete the file.");
        }

        if (file.Metadata.GetValueOrDefault("options") != options)
        {
            throw new AgentRagException(
                $"{path} belongs to a run with other options ({file.Metadata.GetValueOrDefault("options")}): take those to go on with it, name another directory, or delete the file to begin anew.");
        }

        var stage = Number("stage");
        var resumed = optimizer(stage);
        foreach (var parameter in parameters)
        {
            (Values("value.", parameter) ?? throw Damaged($"has no value of {parameter.Name}")).CopyTo(parameter.Value, 0);
        }

        resumed.Resume(Number("optimizer_steps"), parameters
            .Select(parameter => (parameter, First: Values("first.", parameter), Second: Values("second.", parameter)))
            .Where(moments => moments is { First: not null, Second: not null })
            .Select(moments => (moments.parameter, moments.First!, moments.Second!)));
        var mean = double.TryParse(file.Metadata.GetValueOrDefault("mean"), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw Damaged("has no mean");
        return (new TrainingPosition(stage, Number("step"), mean), resumed);

        float[]? Values(string kind, Parameter parameter) => !file.Tensors.TryGetValue(kind + parameter.Name, out var tensor) ? null
            : tensor.Rows == parameter.Rows && tensor.Columns == parameter.Columns ? tensor.ReadAll()
            : throw Damaged($"has a {kind}{parameter.Name} of {tensor.Rows} x {tensor.Columns}");

        int Number(string name) =>
            int.TryParse(file.Metadata.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw Damaged($"has no {name}");

        AgentRagException Damaged(string what) => new($"{path} is damaged: it {what}. Delete it to begin anew.");
    }
}

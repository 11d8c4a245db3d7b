using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>Files of random weights, made once and kept: time does not depend on the values.</summary>
internal static class ModelFiles
{
    /// <summary>Where they are kept unless another folder is named.</summary>
    public static string DefaultFolder => Path.Combine(Path.GetTempPath(), "agentrag-bench", "decoding");

    /// <summary>The file of a shape, written if it is not there.</summary>
    public static string Of(string folder, string name, TransformerShape shape, TensorType type)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{name}-{type}.gguf".ToLowerInvariant());
        if (!File.Exists(path))
        {
            Console.Error.WriteLine($"writing {path}");
            RandomModel.Write(path + ".part", shape, type, seed: 1);
            File.Move(path + ".part", path);
        }

        return path;
    }
}

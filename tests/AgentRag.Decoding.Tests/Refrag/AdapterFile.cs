using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Tests.Refrag;

/// <summary>Damages adapter files.</summary>
internal static class AdapterFile
{
    /// <summary>Writes one field of the metadata anew and leaves the rest as it is.</summary>
    public static void Change(string path, string field, string value)
    {
        var writer = new SafetensorsWriter();
        using (var file = SafetensorsFile.Open(path))
        {
            foreach (var (name, text) in file.Metadata)
            {
                writer.Add(name, name == field ? value : text);
            }

            foreach (var tensor in file.Tensors.Values)
            {
                writer.Add(tensor.Name, tensor.Type, [.. tensor.Shape], tensor.ReadAll());
            }
        }

        writer.Write(path);
    }
}

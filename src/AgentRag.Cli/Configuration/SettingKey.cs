using System.CommandLine;
using System.Text;

namespace AgentRag.Cli.Configuration;

/// <summary>One setting with its three names: flag, environment variable, key in <c>agentrag.json</c>.</summary>
internal abstract class SettingKey(string name, string helpName, string description)
{
    /// <summary>The key in the file, such as <c>baseUrl</c>.</summary>
    public string Name { get; } = name;

    /// <summary>The variable, such as <c>AGENTRAG_BASE_URL</c>.</summary>
    public string Variable { get; } = $"AGENTRAG_{Words(name, '_').ToUpperInvariant()}";

    /// <summary>The flag, such as <c>--base-url</c>. Text: one parser serves flag, variable and file.</summary>
    public Option<string?> Option { get; } = new($"--{Words(name, '-')}") { HelpName = helpName, Description = description };

    /// <summary>Makes the file's folder and a value of the file to the value that is meant: relative paths go by that folder. Null: the setting holds no path.</summary>
    public Func<string, string, string>? FromFolder { get; init; }

    private static string Words(string name, char separator)
    {
        var words = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter))
            {
                words.Append(separator);
            }

            words.Append(char.ToLowerInvariant(letter));
        }

        return words.ToString();
    }
}

/// <summary>One setting with its type.</summary>
internal sealed class SettingKey<T>(string name, string helpName, string description, T defaultValue, Func<string, T> parse)
    : SettingKey(name, helpName, description)
{
    /// <summary>Reads the setting from the first source that has it.</summary>
    /// <exception cref="AgentRagException">The text is no value of this setting; the message names the source.</exception>
    public Setting<T> Read(SettingSources sources)
    {
        if (sources.Find(this) is not { } found)
        {
            return new Setting<T>(defaultValue, Setting<T>.Default);
        }

        try
        {
            return new Setting<T>(parse(found.Value), found.Source);
        }
        catch (AgentRagException e)
        {
            throw new AgentRagException($"{found.Source}: {e.Message}", e);
        }
    }
}

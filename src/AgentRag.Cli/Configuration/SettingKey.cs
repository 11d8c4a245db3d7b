using System.CommandLine;

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

    private static string Words(string name, char separator) =>
        string.Concat(name.Select(letter => char.IsUpper(letter) ? $"{separator}{char.ToLowerInvariant(letter)}" : letter.ToString()));
}

/// <summary>One setting with its type.</summary>
internal sealed class SettingKey<T>(string name, string helpName, string description, T defaultValue, Func<string, T> parse)
    : SettingKey(name, helpName, description)
{
    /// <summary>Whether a relative path in the file is meant from the file's folder.</summary>
    public bool IsPath { get; init; }

    /// <summary>Reads the setting from the first source that has it.</summary>
    /// <exception cref="AgentRagException">The text is no value of this setting; the message names the source.</exception>
    public Setting<T> Read(SettingSources sources)
    {
        if (sources.Find(this, IsPath) is not { } found)
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

using System.CommandLine;

namespace AgentRag.Cli.Configuration;

/// <summary>Where settings are looked for: flags, then variables, then the file.</summary>
internal sealed class SettingSources(ParseResult flags, IReadOnlyDictionary<string, string> environment, SettingsFile? file)
{
    public IReadOnlyDictionary<string, string> Environment { get; } = environment;

    public SettingsFile? File { get; } = file;

    /// <summary>Finds the text of a setting. An empty variable counts as not set.</summary>
    public Setting<string>? Find(SettingKey key) =>
        flags.GetResult(key.Option) is { Implicit: false } && flags.GetValue(key.Option) is { } flag ? new Setting<string>(flag, key.Option.Name)
        : Environment.GetValueOrDefault(key.Variable) is { Length: > 0 } variable ? new Setting<string>(variable, key.Variable)
        : File?.Find(key) is { } value ? new Setting<string>(value, $"{File.Path} \"{key.Name}\"")
        : null;

    /// <summary>Whether one of the settings is set anywhere.</summary>
    public bool HasAny(IReadOnlyList<SettingKey> keys)
    {
        foreach (var key in keys)
        {
            if (Find(key) is not null)
            {
                return true;
            }
        }

        return false;
    }
}

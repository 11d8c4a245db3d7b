using System.Text.RegularExpressions;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Readme;

/// <summary>Runs the README. A command that is new there runs without being told so here.</summary>
public sealed partial class ReadmeTests
{
    public static TheoryData<string> Sections => [.. ReadmeCommand.All.Where(IsRun).Select(command => command.Section).Distinct(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Sections))]
    public async Task Every_command_of_a_section_runs_in_the_order_of_the_README(string section)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The README's commands are those of a Unix shell.");
        await using var folder = new ReadmeFolder();
        await folder.PrepareAsync(section);
        foreach (var command in ReadmeCommand.All.Where(command => command.Section == section && IsRun(command)).DistinctBy(command => command.Text))
        {
            var output = await folder.RunAsync(command);
            if (ReadmeExceptions.Shown.TryGetValue(command.Text, out var shown))
            {
                Assert.Contains(shown, output, StringComparison.Ordinal);
            }
        }

        await folder.EndAsync();
    }

    [Fact]
    public async Task What_is_not_run_names_commands_and_options_that_exist()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The README's commands are those of a Unix shell.");
        await using var folder = new ReadmeFolder();
        await folder.PrepareAsync(section: "");
        foreach (var command in ReadmeExceptions.NotRun.Keys.Where(command => command.StartsWith("agentrag ", StringComparison.Ordinal)))
        {
            var help = await folder.HelpAsync(string.Join(' ', command.Split(' ').TakeWhile(word => Word().IsMatch(word)).Take(command.StartsWith("agentrag demos", StringComparison.Ordinal) ? 3 : 2)));
            Assert.All(Option().Matches(command), option => Assert.Contains(option.Value, help, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void What_is_said_here_about_a_command_is_about_one_that_the_README_has()
    {
        var texts = ReadmeCommand.All.Select(command => command.Text).ToHashSet(StringComparer.Ordinal);
        Assert.All(ReadmeExceptions.NotRun.Keys.Concat(ReadmeExceptions.Shown.Keys), text => Assert.Contains(text, texts));
        Assert.All(ReadmeExceptions.Serving, serving => Assert.Contains(texts, text => text.Contains(serving.Part, StringComparison.Ordinal)));
        Assert.All(ReadmeExceptions.Before, before => Assert.Contains(ReadmeCommand.All, command => command.Section == before.Section));
        Assert.True(ReadmeCommand.All.Count(IsRun) >= 40, "The README has more commands than were found.");
    }

    private static bool IsRun(ReadmeCommand command) => !ReadmeExceptions.NotRun.ContainsKey(command.Text);

    [GeneratedRegex("^[a-z][a-z0-9-]*$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();

    [GeneratedRegex("--[a-z-]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Option();
}

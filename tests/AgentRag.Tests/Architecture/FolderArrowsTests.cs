using System.Text.RegularExpressions;
using Xunit;

namespace AgentRag.Tests.Architecture;

public sealed class FolderArrowsTests
{
    // Left to right as in ARCHITECTURE.md: each folder may use those to its left.
    private static readonly string[] Folders =
        ["Tokens", "Caching", "Models", "Documents", "Indexing", "Retrieval", "Demonstrations", "Prompting", "Answering", "Evaluation", "Authoring", "Fitting", "Allocation", "Plugin"];

    [Fact]
    public void No_source_file_mentions_a_folder_to_the_right_of_its_own() =>
        Assert.Empty(Directory.EnumerateFiles(Source(), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Source(), path))
            .Where(path => Folders.Contains(FolderOf(path)))
            .SelectMany(path => MentionsToTheRight(FolderOf(path), File.ReadAllText(Path.Combine(Source(), path))).Select(folder => $"{path} mentions {folder}")));

    [Fact]
    public void Every_folder_of_the_library_has_its_place_in_the_order() =>
        Assert.Empty(Directory.EnumerateDirectories(Source()).Select(Path.GetFileName).Except(["bin", "obj", .. Folders]));

    [Theory]
    [InlineData("Retrieval", "using AgentRag.Answering;", "Answering")]
    [InlineData("Retrieval", "var x = new AgentRag.Plugin.Thing();", "Plugin")]
    [InlineData("Retrieval", "Prompting.RenderedPrompt? prompt = null;", "Prompting")]
    [InlineData("Retrieval", "using AgentRag.Documents;", null)]
    [InlineData("Plugin", "using AgentRag.Answering;", null)]
    public void A_mention_to_the_right_is_seen(string folder, string code, string? expected) =>
        Assert.Equal(expected is null ? [] : [expected], MentionsToTheRight(folder, code));

    private static IEnumerable<string> MentionsToTheRight(string folder, string code) => Folders
        .Skip(Array.IndexOf(Folders, folder) + 1)
        .Where(right => Regex.IsMatch(code, $@"\bAgentRag\.{right}\b|(?<![\w.""]){right}\.[A-Z]\w+", RegexOptions.None, TimeSpan.FromSeconds(10)));

    private static string FolderOf(string path) => path.Split(Path.DirectorySeparatorChar)[0];

    private static string Source() => Repository.PathOf("src", "AgentRag");
}

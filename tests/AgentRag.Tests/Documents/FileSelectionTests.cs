using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class FileSelectionTests : IDisposable
{
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("*.log", "a.log", true)]
    [InlineData("*.log", "deep/down/a.log", true)]
    [InlineData("*.log", "a.logs", false)]
    [InlineData("/a.md", "a.md", true)]
    [InlineData("/a.md", "in/a.md", false)]
    [InlineData("in/*.md", "in/a.md", true)]
    [InlineData("in/*.md", "in/deep/a.md", false)]
    [InlineData("in/*.md", "out/in/a.md", false)]
    [InlineData("**/a.md", "a.md", true)]
    [InlineData("**/a.md", "x/y/a.md", true)]
    [InlineData("in/**", "in/x/y", true)]
    [InlineData("in/**", "in", false)]
    [InlineData("in/**/a.md", "in/a.md", true)]
    [InlineData("in/**/a.md", "in/x/y/a.md", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[!a-c]x", "bx", false)]
    [InlineData("[]]x", "]x", true)]
    [InlineData("a[", "a[", true)]
    [InlineData("\\#a", "#a", true)]
    [InlineData("\\!a", "!a", true)]
    [InlineData("a.b", "aXb", false)]
    [InlineData("a ", "a", true)]
    [InlineData("a\\ ", "a ", true)]
    public void Patterns_match_as_in_gitignore(string pattern, string path, bool expected) =>
        Assert.Equal(expected, GlobPattern.Parse(pattern)!.IsMatch(path, isFolder: false));

    [Fact]
    public void A_pattern_with_a_slash_at_its_end_is_for_folders()
    {
        var pattern = GlobPattern.Parse("build/")!;
        Assert.True(pattern.IsMatch("x/build", isFolder: true));
        Assert.False(pattern.IsMatch("x/build", isFolder: false));
        Assert.Null(GlobPattern.Parse("# comment"));
        Assert.Null(GlobPattern.Parse("  "));
        Assert.True(GlobPattern.Parse("!a")!.IsNegated);
    }

    [Fact]
    public void Nested_gitignore_files_leave_out_and_take_back()
    {
        _files.Write(".gitignore", "*.txt\n!keep.txt\n/build/\n# comment\nlogs/*\n!logs/main.md\n");
        _files.Write("sub/.gitignore", "!b.txt\nlocal.md\n/anchored.md\n");
        foreach (var path in new[] { "a.txt", "keep.txt", "build/x.md", "sub/build/y.md", "logs/main.md", "logs/other.md", "sub/a.txt", "sub/b.txt", "sub/local.md", "sub/deep/local.md", "sub/anchored.md", "sub/deep/anchored.md" })
        {
            _files.Write(path, path);
        }

        Assert.Equal(["keep.txt", "logs/main.md", "sub/b.txt", "sub/build/y.md", "sub/deep/anchored.md"], Find(new()));
        Assert.Equal(12, Find(new() { RespectGitIgnore = false }).Count);
    }

    [Fact]
    public void Gitignore_files_above_a_root_count_up_to_the_top_of_the_working_tree()
    {
        _files.Write(".gitignore", "*.md\n");
        _files.Write("repo/.git/HEAD", "x");
        _files.Write("repo/.gitignore", "*.txt\n");
        _files.Write("repo/docs/a.txt", "1");
        _files.Write("repo/docs/a.md", "2");
        Assert.Equal(["a.md"], Names(DocumentFolder.Find([_files["repo/docs"]], new())));
        Assert.Equal(["a.txt"], Names(DocumentFolder.Find([_files["repo/docs/a.txt"]], new())));
    }

    [Fact]
    public void Patterns_include_and_exclude_below_the_root()
    {
        foreach (var path in new[] { "a.md", "drafts/b.md", "in/drafts/c.md", "in/d.md", "in/e.txt" })
        {
            _files.Write(path, path);
        }

        Assert.Equal(["a.md", "drafts/b.md", "in/d.md", "in/drafts/c.md"], Find(new() { Patterns = ["**/*.md"] }));
        Assert.Equal(["a.md", "in/d.md", "in/drafts/c.md"], Find(new() { Patterns = ["**/*.md", "!drafts/**"] }));
        Assert.Equal(["a.md", "in/d.md", "in/e.txt"], Find(new() { Patterns = ["!drafts"] }));
        Assert.Equal(["a.md", "in/e.txt"], Find(new() { Patterns = ["/a.md", "*.txt"] }));
    }

    [Theory]
    [InlineData(" ", "Pattern ' ' is blank or a comment: give one like **/*.md or !drafts/**.")]
    [InlineData("[z-a]", "Pattern '[z-a]' cannot be read: ")]
    public void Patterns_that_say_nothing_are_refused(string pattern, string message) =>
        Assert.StartsWith(message, Assert.Throws<AgentRagException>(() => Find(new() { Patterns = [pattern] })).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Of_files_with_the_same_bytes_the_first_is_read_and_the_others_are_listed()
    {
        foreach (var (path, content) in new[] { ("a.md", "same"), ("b/copy.md", "same"), ("c.txt", "same"), ("d.md", "sane"), ("e.md", "longer") })
        {
            _files.Write(path, content);
        }

        var found = DocumentFolder.Find([_files.Folder], new());
        Assert.Equal(5, found.Files.Count);
        var distinct = await found.WithoutDuplicatesAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["a.md", "d.md", "e.md"], Names(distinct));
        Assert.Equal([new(_files["b/copy.md"], _files["a.md"]), new(_files["c.txt"], _files["a.md"])], distinct.Duplicates);
        Assert.Empty(distinct.Skipped);
    }

    [Fact]
    public void A_root_of_an_unknown_kind_is_answered_with_the_kinds_that_are_read()
    {
        var message = Assert.Throws<AgentRagException>(() => DocumentFolder.Find([_files.Write("a.exe", "x")], new DocumentReaders([new PlainTextReader(new()), new MarkdownReader(new())]))).Message;
        Assert.EndsWith("a.exe' is not a kind of file that is read: give one of .markdown .md .txt.", message, StringComparison.Ordinal);
    }

    private List<string> Find(DocumentFolderOptions options) => Names(DocumentFolder.Find([_files.Folder], new(), options));

    private static List<string> Names(FoundFiles found) => [.. found.Files.Select(file => file.RelativePath)];
}

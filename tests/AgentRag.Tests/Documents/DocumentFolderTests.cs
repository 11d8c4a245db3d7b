using System.Diagnostics;
using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class DocumentFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _outside = new();

    public void Dispose()
    {
        _folder.Dispose();
        _outside.Dispose();
    }

    [Fact]
    public void Files_are_listed_in_ordinal_order_without_hidden_and_unknown_ones()
    {
        foreach (var path in new[] { "b.md", "a/x.txt", "a.md", "a-b/y.html", "a/k.EXE", ".git/c.md", ".agentrag/d.md", "node_modules/e.md", ".hidden.md", "z.jsonl" })
        {
            _folder.Write(path, "text");
        }

        var found = Find(_folder.Path);
        Assert.Equal(["a-b/y.html", "a.md", "a/x.txt", "b.md", "z.jsonl"], found.Files.Select(f => f.RelativePath));
        Assert.Equal(1, found.UnknownFiles);
        Assert.Empty(found.Skipped);
    }

    [Fact]
    public void Empty_files_and_pipes_are_reported_and_not_opened()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A folder of Windows holds no pipes.");
        _folder.Write("empty.md", "");
        _folder.Write("empty.exe", "");
        using (var made = Process.Start("mkfifo", [_folder["pipe.md"]]))
        {
            made.WaitForExit();
        }

        var found = Find(_folder.Path);
        Assert.Empty(found.Files);
        Assert.Equal([new(_folder["empty.md"], "is empty"), new(_folder["pipe.md"], "is a pipe, a socket or a device")], found.Skipped);
    }

    [Fact]
    public void Links_out_of_the_roots_are_reported_and_not_followed()
    {
        var secret = _outside.Write("secret.md", "text");
        _folder.Write("in/a.md", "text");
        File.CreateSymbolicLink(_folder["file.md"], secret);
        Directory.CreateSymbolicLink(_folder["folder"], _outside.Path);
        Directory.CreateSymbolicLink(_folder["up"], "..");
        File.CreateSymbolicLink(_folder["chain.md"], _folder["file.md"]);
        File.CreateSymbolicLink(_folder["through.md"], Path.Combine(_folder["folder"], "secret.md"));

        var found = Find(_folder.Path);
        Assert.Equal(["in/a.md"], found.Files.Select(f => f.RelativePath));
        Assert.Equal(["chain.md", "file.md", "folder", "through.md", "up"], found.Skipped.Select(s => Path.GetFileName(s.Path)).Order(StringComparer.Ordinal));
        Assert.All(found.Skipped, s => Assert.Equal("is a symbolic link that leads out of the given folders", s.Reason));
    }

    [Fact]
    public void Links_within_the_roots_do_not_list_a_file_twice_and_cycles_end()
    {
        _folder.Write("in/a.md", "text");
        Directory.CreateSymbolicLink(_folder["again"], _folder["in"]);
        Directory.CreateSymbolicLink(_folder["in/up"], _folder.Path);
        File.CreateSymbolicLink(_folder["b.md"], _folder["in/a.md"]);
        File.CreateSymbolicLink(_folder["ring1.md"], _folder["ring2.md"]);
        File.CreateSymbolicLink(_folder["ring2.md"], _folder["ring1.md"]);
        File.CreateSymbolicLink(_folder["dead.md"], _folder["nothing.md"]);

        var found = Find(_folder.Path);
        Assert.Equal(["in/a.md"], found.Files.Select(f => f.RelativePath));
        Assert.Equal(["dead.md", "ring1.md", "ring2.md"], found.Skipped.Select(s => Path.GetFileName(s.Path)).Order(StringComparer.Ordinal));
        Assert.All(found.Skipped, s => Assert.Equal("is a symbolic link to nothing or to itself", s.Reason));
    }

    [Fact]
    public void A_folder_whose_name_begins_like_a_root_is_not_below_it()
    {
        _folder.Write("docs/a.md", "text");
        _folder.Write("docs-secret/b.md", "text");
        File.CreateSymbolicLink(_folder["docs/b.md"], _folder["docs-secret/b.md"]);
        var found = Find(_folder["docs"]);
        Assert.Equal("a.md", Assert.Single(found.Files).RelativePath);
        Assert.Single(found.Skipped);
    }

    [Fact]
    public void A_root_may_be_a_link_or_hold_dots_and_overlap_another()
    {
        _folder.Write("docs/sub/a.md", "text");
        Directory.CreateSymbolicLink(_folder["link"], _folder["docs"]);
        var found = Find(_folder["link"], _folder["docs/sub/../sub"], _folder["docs/sub/a.md"]);
        var file = Assert.Single(found.Files);
        Assert.Equal(("sub/a.md", "docs/sub/a.md"), (file.RelativePath, file.Source));
    }

    [Fact]
    public void A_folder_that_may_not_be_listed_is_reported()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("needs file permissions that bind the user");
            return;
        }

        _folder.Write("a.md", "text");
        _folder.Write("locked/b.md", "text");
        File.SetUnixFileMode(_folder["locked"], UnixFileMode.None);
        try
        {
            var found = Find(_folder.Path);
            Assert.Equal("a.md", Assert.Single(found.Files).RelativePath);
            Assert.StartsWith("cannot be listed: ", Assert.Single(found.Skipped).Reason, StringComparison.Ordinal);
        }
        finally
        {
            File.SetUnixFileMode(_folder["locked"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_pipe_is_never_opened()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs mkfifo");
        using var make = Process.Start("mkfifo", _folder["pipe.md"]);
        make.WaitForExit();
        using var rules = Process.Start("mkfifo", _folder[".gitignore"]);
        rules.WaitForExit();
        _folder.Write("a.md", "text");
        Assert.Equal("a.md", Assert.Single(Find(_folder.Path).Files).RelativePath);
    }

    [Theory]
    [InlineData("missing", "'{0}' does not exist: give a file or a folder.")]
    [InlineData("a.exe", "'{0}' is not a kind of file that is read: give one of .bash ")]
    public void A_root_that_cannot_be_read_is_an_error(string name, string message)
    {
        _folder.Write("a.exe", "text");
        Assert.StartsWith(string.Format(message, _folder[name]), Assert.Throws<AgentRagException>(() => Find(_folder[name])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_are_as_short_as_the_other_files_allow()
    {
        DocumentFile[] files =
        [
            new("/r/docs/guide/setup.md", "/r/docs", "guide/setup.md"),
            new("/r/docs/guide/setup.txt", "/r/docs", "guide/setup.txt"),
            new("/r/docs/intro.md", "/r/docs", "intro.md"),
            new("/r/other/intro.md", "/r/other", "intro.md"),
            new("/s/docs/intro.md", "/s/docs", "intro.md"),
            new("/r/docs/a.b.md", "/r/docs", "a.b.md"),
        ];
        List<SkippedFile> skipped = [];
        var ids = DocumentIds.Assign(files, skipped.Add).Select(f => f.Id);

        Assert.Equal(["guide/setup.md", "guide/setup.txt", "docs/intro.md", "other/intro.md", "a.b"], ids);
        Assert.Equal(new SkippedFile("/s/docs/intro.md", "another document has its id: rename one of them"), Assert.Single(skipped));
    }

    private static FoundFiles Find(params string[] roots) => DocumentFolder.Find(roots, new(), TestContext.Current.CancellationToken);
}

using AgentRag.Documents;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class CodeReaderTests : IDisposable
{
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("a.py", "import x\n\n@cached\ndef f(a):\n    pass\n\nasync def g():\n    pass\n\nclass C(B):\n    pass\n", "f g C")]
    [InlineData("a.js", "export default function f() {}\nconst g = async (a, b) => {\n};\nclass K extends L {}\nlet x = 1;\nif (x) {}\n", "f g K")]
    [InlineData("a.ts", "export interface I {}\nexport type T<A> = { a: A };\nenum E {}\n", "I T E")]
    [InlineData("a.go", "package p\n\nfunc F(a int) {}\n\nfunc (s *S) M() {}\n\ntype S struct {}\n", "F M S")]
    [InlineData("a.rs", "pub(crate) async fn f() {}\n#[derive(Debug)]\nstruct S;\nimpl Trait for S {\n}\nmod tests {}\n", "f S Trait for S tests")]
    [InlineData("a.java", "public class A {\n}\nfinal record R(int x) {}\n", "A R")]
    [InlineData("a.c", "#include <x.h>\nstatic int f(int a)\n{\n  return g(a);\n}\nint g(int a);\nstruct S {\n};\nvoid *h(void) {\n}\n", "f S h")]
    [InlineData("a.sh", "#!/bin/sh\nf() {\n}\nfunction g {\n}\n", "f g")]
    [InlineData("a.sql", "CREATE TABLE IF NOT EXISTS t (a int);\ncreate or replace view v as select 1;\nselect 1;\n", "t v")]
    [InlineData("a.toml", "x = 1\n[tool.a]\ny = 2\n[[b]]\n", "tool.a b")]
    [InlineData("a.yaml", "name: x\njobs:\n  build:\n    a: 1\non:\n", "jobs on")]
    [InlineData("a.json", "{\"class A\": 1}\n", "")]
    public async Task Blocks_are_named_in_each_language(string name, string code, string expected)
    {
        var document = await _files.ReadOneAsync(_files.Write(name, code));
        Assert.Equal((code, name), (document.Text, document.Title));
        Assert.Equal(expected, string.Join(' ', document.Headings.Select(h => h.Title)));
        Assert.All(document.Headings, h => Assert.Equal(h.Start, h.End));
    }

    [Fact]
    public async Task Comments_and_attributes_belong_to_the_block_below_them()
    {
        const string Code = "namespace N;\n\n/// <summary>One.</summary>\n[Fact]\npublic class A\n{\n}\n\n// far\n\npublic class B\n{\n}\n";
        var document = await _files.ReadOneAsync(_files.Write("a.cs", Code));
        Assert.Equal(["/// <summary>One.</summary>", "public class B"], document.Headings.Select(h => Code[h.Start..].Split('\n')[0]));
    }

    [Fact]
    public async Task Members_of_a_long_type_are_blocks_of_their_own_and_those_of_a_short_one_are_not()
    {
        var member = "    public int F()\n    {\n" + string.Concat(Enumerable.Repeat("        x();\n", 30)) + "    }\n\n";
        var code = "class Long\n{\n" + member + member.Replace("F()", "G()", StringComparison.Ordinal) + "}\n\nclass Short\n{\n    public int H() => 1;\n}\n";
        var document = await _files.ReadOneAsync(_files.Write("a.cs", code));
        Assert.Equal([(1, "Long"), (2, "F"), (2, "G"), (1, "Short")], document.Headings.Select(h => (h.Level, h.Title)));
    }

    [Fact]
    public async Task Passages_of_code_end_where_blocks_or_lines_do()
    {
        var code = string.Concat(Enumerable.Range(0, 3).Select(f => $"def f{f}():\n" + string.Concat(Enumerable.Range(0, 10).Select(i => $"    call. This {f} {i}\n")) + "\n"));
        var passages = new PassageSplitter(new WordCounter(), new() { MaxPassageTokens = 42 }).Split(await _files.ReadOneAsync(_files.Write("a.py", code)));
        Assert.Equal(["f0", "f1", "f2"], passages.Select(p => Assert.Single(p.HeadingPath)));
        Assert.All(passages, p => Assert.StartsWith("def ", p.Text, StringComparison.Ordinal));

        var small = new PassageSplitter(new WordCounter(), new() { MaxPassageTokens = 16 }).Split(await _files.ReadOneAsync(_files["a.py"]));
        Assert.All(small, p => Assert.Matches(@"^(def|\s*call)[^\0]*\d$", p.Text));
    }

    [Fact]
    public async Task A_file_of_one_line_of_fifty_million_characters_is_refused()
    {
        var path = _files.Write("a.js", "var x=\"" + new string('x', 50_000_000) + "\"");
        Assert.Empty(await _files.ReadAsync(path));
        Assert.Equal("its line 1 is longer than the 4,194,304 characters that are read of one line", _files.Reason);
    }

    [Fact]
    public async Task Invalid_utf8_is_reported()
    {
        Assert.Empty(await _files.ReadAsync(_files.Write("a.py", [(byte)'x', 0xC3, 0x28])));
        Assert.Equal("is neither UTF-8 nor UTF-16 text: convert it to UTF-8", _files.Reason);
    }
}

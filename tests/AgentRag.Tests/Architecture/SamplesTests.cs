using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace AgentRag.Tests.Architecture;

/// <summary>What readers copy compiles: the build compiles the samples and the READMEs' lines in tests/AgentRag.Samples, and these tests tie the two together.</summary>
public sealed partial class SamplesTests
{
    [Theory]
    [InlineData("semantic-kernel", "SemanticKernel", "Microsoft.SemanticKernel"), InlineData("agent-framework", "AgentFramework", "Microsoft.Agents.AI")]
    public void A_sample_is_a_short_program_with_a_project_of_its_own_that_the_build_compiles(string folder, string check, string package)
    {
        Assert.InRange(File.ReadAllLines(Repository.PathOf("samples", folder, "Program.cs")).Length, 10, 79);

        var project = XDocument.Load(Repository.PathOf("samples", folder, $"{folder}.csproj"));
        Assert.Matches(@"^\$\(\w+Version\)$", project.Descendants("PackageReference").Single(reference => reference.Attribute("Include")!.Value == package).Attribute("Version")!.Value);
        var solution = File.ReadAllText(Repository.PathOf("AgentRag.sln"));
        Assert.DoesNotContain($"{folder}.csproj", solution, StringComparison.Ordinal);

        Assert.Contains($@"AgentRag.Samples.{check}.csproj", solution, StringComparison.Ordinal);
        Assert.Contains(
            XDocument.Load(Repository.PathOf("tests", "AgentRag.Samples", check, $"AgentRag.Samples.{check}.csproj")).Descendants("Compile"),
            compiled => compiled.Attribute("Include")!.Value == $@"..\..\..\samples\{folder}\Program.cs");
    }

    [Theory]
    [InlineData("README.md", 5), InlineData("src/AgentRag/README.md", 6), InlineData("src/AgentRag.Mcp/README.md", 2)]
    public void Every_line_of_CSharp_in_a_README_is_compiled(string readme, int least)
    {
        var compiled = File.ReadAllLines(Repository.PathOf("tests", "AgentRag.Samples", "ReadmeLines.cs")).Select(line => line.Trim()).ToHashSet(StringComparer.Ordinal);

        var shown = Block().Matches(File.ReadAllText(Repository.PathOf(readme)).ReplaceLineEndings("\n"))
            .SelectMany(block => block.Groups["code"].Value.Split('\n'))
            .Select(line => Comment().Replace(line, "").Trim())
            .Where(line => line.Length > 0)
            .ToList();

        Assert.True(shown.Count >= least, $"{shown.Count} lines were found in {readme}.");
        Assert.Empty(shown.Except(compiled, StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)^```", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Block();

    [GeneratedRegex(@"\s*//.*$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Comment();
}

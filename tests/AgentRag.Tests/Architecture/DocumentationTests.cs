using System.Text.RegularExpressions;
using Xunit;

namespace AgentRag.Tests.Architecture;

public sealed partial class DocumentationTests
{
    [Theory]
    [InlineData("ARCHITECTURE.md"), InlineData("README.md"), InlineData("CONTRIBUTING.md"), InlineData("SECURITY.md")]
    public void Every_path_that_a_document_names_exists(string document) => Assert.DoesNotContain(
        Named().Matches(File.ReadAllText(Repository.PathOf(document))).Select(match => match.Groups["path"].Value),
        path => !File.Exists(Repository.PathOf(path)) && !Directory.Exists(Repository.PathOf(path)));

    [Fact]
    public void Every_dependency_has_its_reason_in_the_architecture()
    {
        var architecture = File.ReadAllText(Repository.PathOf("ARCHITECTURE.md"));
        var packages = Package().Matches(File.ReadAllText(Repository.PathOf("Directory.Packages.props"))).Select(match => match.Groups["name"].Value).ToList();
        Assert.True(packages.Count > 10);
        Assert.DoesNotContain(packages, name => !architecture.Contains($"`{name}`", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"(?:`|\]\()(?<path>(?:src|tests|bench|prompts|demos|samples|\.ci)/[\w./-]*)[`)]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Named();

    [GeneratedRegex("Package(?:Version|Reference) Include=\"(?<name>[^\"]+)\"", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Package();
}

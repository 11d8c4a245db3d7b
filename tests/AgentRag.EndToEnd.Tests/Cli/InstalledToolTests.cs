using System.Diagnostics;
using System.IO.Compression;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

/// <summary>Packs the command, installs it from the folder as a user would, and runs what was installed. No other package source is asked.</summary>
public sealed partial class InstalledToolTests
{
    private static readonly string Configuration = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;

    [Fact]
    public async Task The_packed_tool_installs_into_a_fresh_folder_and_serves_there()
    {
        using var agentrag = Town.With(("nuget.config", """<configuration><packageSources><clear /><add key="here" value="packages" /></packageSources></configuration>"""));
        agentrag.Environment["NUGET_PACKAGES"] = Path.Combine(agentrag.Folder, "cache");
        var packages = Path.Combine(agentrag.Folder, "packages");
        await RunAsync(agentrag, "dotnet", "pack", Project(), "--no-build", "--no-restore", "-c", Configuration, "-o", packages);
        var (version, platform) = CheckPackage(packages);
        await RunAsync(agentrag, "dotnet", "tool", "install", "AgentRag.Cli", "--version", version, "--tool-path", "tools", "--configfile", "nuget.config");

        var tool = Path.Combine(agentrag.Folder, "tools", OperatingSystem.IsWindows() ? "agentrag.exe" : "agentrag");

        // Of the two forms in the package the command starts that which is compiled for this machine: a server so answers in two thirds of the time.
        var program = Directory.GetFiles(Path.Combine(agentrag.Folder, "tools", ".store"), "AgentRag.Cli.dll", SearchOption.AllDirectories).Single(IsCompiledAhead);
        Assert.Contains(Path.Combine(platform, "AgentRag.Cli.dll"), program, StringComparison.Ordinal);
        Assert.Contains(Path.GetRelativePath(Path.GetDirectoryName(tool)!, program), Encoding.UTF8.GetString(await File.ReadAllBytesAsync(tool, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        Assert.Contains("4 documents, 4 passages", await RunAsync(agentrag, tool, "index", "docs"), StringComparison.Ordinal);
        Assert.Contains("Ada Venn", await RunAsync(agentrag, tool, "ask", "Who built the lighthouse of Orm?"), StringComparison.Ordinal);
        await RunAsync(agentrag, tool, "init", "docs", "--client", "claude-code", "--yes");
        Assert.Contains(tool, await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, ".mcp.json"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains($"starts agentrag {version} in ", await RunAsync(agentrag, tool, "doctor", "--client", "claude-code"), StringComparison.Ordinal);
    }

    private static (string Version, string Platform) CheckPackage(string packages)
    {
        var package = Assert.Single(Directory.GetFiles(packages, "AgentRag.Cli.*.nupkg"));
        Assert.Single(Directory.GetFiles(packages, "AgentRag.Cli.*.snupkg"));
        using var zip = ZipFile.OpenRead(package);
        using var nuspec = zip.GetEntry("AgentRag.Cli.nuspec")!.Open();
        var metadata = XDocument.Load(nuspec).Root!.Elements().Single();
        Assert.Equal(
            ["DotnetTool", "McpServer"],
            metadata.Descendants().Where(element => element.Name.LocalName == "packageType").Select(element => element.Attribute("name")!.Value).Order(StringComparer.Ordinal));
        var version = metadata.Elements().Single(element => element.Name.LocalName == "version").Value;

        // What runs is there once for each form, and nothing of it as content for projects that would refer to the package.
        var forms = zip.Entries.Where(entry => entry.Name == "DotnetToolSettings.xml").Select(entry => Path.GetDirectoryName(entry.FullName)!.Replace('\\', '/')).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(("tools/net10.0/any", 2), (forms[0], forms.Count));
        var files = forms.Select(form => zip.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith($"{form}/", StringComparison.Ordinal)).Select(name => name[form.Length..]).Order(StringComparer.Ordinal)).ToList();
        Assert.Equal(files[0], files[1]);
        Assert.DoesNotContain(zip.Entries, entry => entry.FullName.StartsWith("content", StringComparison.Ordinal));

        // A registry takes the server only if both files say the same.
        using var server = zip.GetEntry(".mcp/server.json")!.Open();
        var description = JsonDocument.Parse(server).RootElement;
        Assert.Equal((version, version), (description.GetProperty("version").GetString(), description.GetProperty("packages")[0].GetProperty("version").GetString()));

        // What the registry's schema demands of it.
        Assert.Equal("https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json", description.GetProperty("$schema").GetString());
        Assert.Matches("^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", description.GetProperty("name").GetString());
        Assert.InRange(description.GetProperty("description").GetString()!.Length, 1, 100);
        Assert.InRange(description.GetProperty("title").GetString()!.Length, 1, 100);
        Assert.Equal(("nuget", "AgentRag.Cli"), (description.GetProperty("packages")[0].GetProperty("registryType").GetString(), description.GetProperty("packages")[0].GetProperty("identifier").GetString()));
        Assert.Equal("stdio", description.GetProperty("packages")[0].GetProperty("transport").GetProperty("type").GetString());
        using var readme = new StreamReader(zip.GetEntry("README.md")!.Open());
        Assert.Equal(description.GetProperty("name").GetString(), ServerName().Match(readme.ReadToEnd()).Groups["name"].Value);
        return (version, Path.GetFileName(forms[1]));
    }

    private static bool IsCompiledAhead(string assembly)
    {
        using var reader = new PEReader(File.OpenRead(assembly));
        return reader.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }

    private static async Task<string> RunAsync(Agentrag agentrag, string program, params string[] arguments)
    {
        var start = agentrag.StartInfo(program, arguments);
        // Of a build that runs these tests, nothing may reach the one that packs.
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(variable);
        }

        using var child = Process.Start(start)!;
        child.StandardInput.Close();
        var (output, error) = (child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {child.ExitCode}:\n{await output}\n{await error}");
        return await output;
    }

    private static string Project([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "src", "AgentRag.Cli"));

    [GeneratedRegex(@"<!-- mcp-name: (?<name>\S+) -->", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ServerName();
}

using System.Diagnostics;
using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Architecture;

public sealed class StackTraceTests
{
    [Fact]
    public void A_stack_trace_shows_no_path_of_the_machine_that_built_the_library()
    {
        var fault = Assert.Throws<AgentRagException>(() => DocumentFolder.Find(["/no/such"], new()));

        var files = new StackTrace(fault, fNeedFileInfo: true).GetFrames()
            .Where(frame => frame.GetMethod()?.Module.Assembly == typeof(DocumentFolder).Assembly)
            .Select(frame => frame.GetFileName()?.Replace('\\', '/'))
            .ToList();

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal("/_/src/AgentRag/Documents/DocumentFolder.cs", file));
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace AgentRag.Mcp;

/// <summary>Standard error as a writer that is opened at the first word: a server that starts well has none to say.</summary>
[SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "Standard error is where a server on standard output may write.")]
internal sealed class StandardErrorWriter : TextWriter
{
    public override Encoding Encoding => Console.Error.Encoding;

    public override void Write(char value) => Console.Error.Write(value);

    public override void Write(string? value) => Console.Error.Write(value);

    public override void Write(char[] buffer, int index, int count) => Console.Error.Write(buffer, index, count);

    public override void Write(ReadOnlySpan<char> buffer) => Console.Error.Write(buffer);

    public override void WriteLine() => Console.Error.WriteLine();

    public override void WriteLine(string? value) => Console.Error.WriteLine(value);

    public override void Flush() => Console.Error.Flush();
}

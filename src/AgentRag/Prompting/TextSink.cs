using System.Text;

namespace AgentRag.Prompting;

/// <summary>Puts the parts of a prompt together.</summary>
internal sealed class TextSink : IPromptSink
{
    private readonly StringBuilder _text = new();

    public void Text(string text) => _text.Append(text);

    public bool Passage(object template, PassageValues passage, Func<string> render) => false;

    public void Begin(PromptItem item)
    {
    }

    public void End()
    {
    }

    public void Boundary()
    {
    }

    public override string ToString() => _text.ToString();
}

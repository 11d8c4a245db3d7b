namespace AgentRag.Plugin;

/// <summary>Whose model answers when a tool is called.</summary>
public enum AnsweringMode
{
    /// <summary>The configured model answers, and the tool returns the answer.</summary>
    Chat,

    /// <summary>The model that called the tool answers: the tool returns what a model has to read and write next.</summary>
    Host,

    /// <summary>The client's model is asked by the server through the client (MCP sampling, in the form of several round trips).</summary>
    Sampling,
}

namespace AgentRag.Models;

/// <summary>How a model is held to the form of a reply (<see cref="ReplyForm"/>). In every case the reply is parsed strictly, and mended once if it is of another form.</summary>
public enum StepControl
{
    /// <summary>The strongest means that the server takes: found out by its host and by what it refuses, and remembered.</summary>
    Auto,

    /// <summary><c>response_format</c> with a JSON schema: OpenAI's structured outputs, also in vLLM, llama.cpp, Ollama and LM Studio.</summary>
    JsonSchema,

    /// <summary><c>structured_outputs</c> with a regular expression or a choice, as vLLM takes it since version 0.12.</summary>
    Regex,

    /// <summary><c>grammar</c>, in the GBNF notation of llama.cpp.</summary>
    Grammar,

    /// <summary>Stop sequences that keep the model from going on with the next line by itself.</summary>
    Stop,

    /// <summary>Nothing: the reply alone decides.</summary>
    None,
}

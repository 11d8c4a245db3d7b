namespace AgentRag.Models;

/// <summary>How a model is held to the form of a reply (<see cref="ReplyForm"/>). In every case the reply is parsed strictly, and mended once if it is of another form.</summary>
/// <remarks>
/// A server that answers 400 or 422 to the first three is asked once more with stop sequences alone, and without them if it refuses those by name; what it then took is
/// remembered for as long as the client lives. A request with tools, or with an own <c>response_format</c>, <c>structured_outputs</c> or <c>grammar</c>, is left as it is.
/// </remarks>
public enum StepControl
{
    /// <summary>A JSON schema, which most servers take, and weaker means where it is refused.</summary>
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

namespace AgentRag;

/// <summary>A fault the user can mend: wrong input, a missing file, an unreachable model.</summary>
/// <remarks>The message is safe to show: it says what was found, where, what was expected and what to do next, and holds no secret.</remarks>
public class AgentRagException : Exception
{
    /// <summary>Makes the exception without a message of its own.</summary>
    public AgentRagException()
    {
    }

    /// <summary>Makes the exception with a message for the user.</summary>
    /// <param name="message">What was found, where, what was expected, what to do next.</param>
    public AgentRagException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with a message for the user and the fault behind it.</summary>
    /// <param name="message">What was found, where, what was expected, what to do next.</param>
    /// <param name="innerException">The fault that was met.</param>
    public AgentRagException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

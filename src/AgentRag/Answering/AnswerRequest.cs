using AgentRag.Answering.Rewriting;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>One question to answer.</summary>
/// <param name="Question">The question; not empty.</param>
/// <param name="Parameters">k, m and n: upper bounds, cut to the budget where needed. A strategy ignores what it has no use for.</param>
/// <param name="Budget">What the question may cost.</param>
public sealed record AnswerRequest(string Question, InferenceParameters Parameters, TokenBudgetOptions Budget)
{
    /// <summary>When a loop ends before n iterations are used. Default: as in <see cref="StopRules"/>.</summary>
    public StopRules StopRules { get; init; } = new();

    /// <summary>The conversation before the question, oldest first: a question that leans on it ("And when did he die?") is made to stand alone first, by one request.
    /// Default: none.</summary>
    public IReadOnlyList<ChatTurn> History { get; init; } = [];

    /// <summary>How the question is put into words for the first retrieval. Default: as it was asked.</summary>
    public QueryRewriting Rewriting { get; init; }

    /// <summary>Whether the final answer is streamed by the model and told of piece by piece as <see cref="TextStreamed"/>. Default false: a reply that
    /// is asked for whole can be asked for again when its connection breaks.</summary>
    public bool StreamsText { get; init; }

    /// <summary>Whether a cancelled question ends with what is held (<see cref="StopReason.Cancelled"/>) instead of an exception. Default false.</summary>
    public bool AnswersWhenCancelled { get; init; }

    /// <summary>Returns this request if it can be worked on.</summary>
    /// <exception cref="AgentRagException">The question is empty, or a parameter or budget value is out of range.</exception>
    public AnswerRequest Validated()
    {
        if (string.IsNullOrWhiteSpace(Question))
        {
            throw new AgentRagException("The question is empty: ask one, such as \"Who designed the bridge that ...?\".");
        }

        Parameters.Validated();
        Budget.Validated();
        StopRules.Validated();
        return this;
    }
}

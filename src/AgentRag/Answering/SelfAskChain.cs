using AgentRag.Models;

namespace AgentRag.Answering;

/// <summary>A whole chain of Self-Ask lines in one reply.</summary>
/// <param name="Steps">Sub-queries with their answers, in order; one that was left without an answer is not among them.</param>
/// <param name="Final">The final answer; null when the reply has none.</param>
/// <param name="LastLine">The last line with text in it, without its prefix; empty for an empty reply.</param>
internal sealed record SelfAskChain(IReadOnlyList<SelfAskStep> Steps, string? Final, string LastLine)
{
    /// <summary>Reads a chain. Lines without a prefix are the model thinking aloud, and are passed over.</summary>
    public static SelfAskChain Parse(string reply)
    {
        List<SelfAskStep> steps = [];
        string? pending = null;
        var last = "";
        foreach (var line in SelfAskReply.WithoutThoughts(reply).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parsed = SelfAskReply.Parse(line, SelfAskReply.FollowUp, SelfAskReply.IntermediateAnswer, SelfAskReply.FinalAnswer);
            last = parsed?.Text ?? line;
            switch (parsed?.Prefix)
            {
                case SelfAskReply.FollowUp:
                    pending = SelfAskReply.Cut(parsed.Text);
                    break;
                case SelfAskReply.IntermediateAnswer when pending is not null:
                    steps.Add(new SelfAskStep(pending, parsed.Text));
                    pending = null;
                    break;
                case SelfAskReply.FinalAnswer:
                    // What comes behind it is the model going on by itself, such as with an example of its own.
                    return new SelfAskChain(steps, parsed.Text, parsed.Text);
            }
        }

        return new SelfAskChain(steps, Final: null, last);
    }
}

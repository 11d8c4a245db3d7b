using AgentRag.Documents;

namespace AgentRag.Demonstrations;

/// <summary>Knows the evidence of test questions, so that no demonstration gives one of them away.</summary>
internal sealed class LeakageGuard(IEnumerable<LabelledQuestion> questions)
{
    public static readonly LeakageGuard None = new([]);

    private readonly ILookup<string, IReadOnlyList<string>> _supporting = questions
        .Where(question => question.Supporting.Count > 0)
        .ToLookup(question => QuestionKey.Of(question.Question), question => question.Supporting, StringComparer.Ordinal);

    /// <summary>Makes the test by which demonstrations are let to a question: not its own question, and not one that rests on all of its evidence.</summary>
    public Func<Demonstration, bool> For(string question)
    {
        var asked = QuestionKey.Of(question);
        var evidence = _supporting[asked].ToList();
        return demonstration => QuestionKey.Of(demonstration.Question) != asked && !evidence.Exists(supporting => Shares(demonstration, supporting));
    }

    /// <summary>Whether a demonstration rests on every document that a question does.</summary>
    public static bool Shares(Demonstration demonstration, IReadOnlyList<string> supporting) =>
        supporting.All(id => demonstration.Supporting.Contains(id, StringComparer.Ordinal));
}

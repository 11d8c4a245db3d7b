using System.Reflection;
using AgentRag.Prompting;
using Microsoft.Extensions.AI;

namespace AgentRag.Evaluation.Runs;

/// <summary>The prompt of the judged metric: <c>prompts/judge.yaml</c>, or a file of the user's in the same form.</summary>
public sealed class JudgePrompt
{
    private readonly PromptFile _file;
    private readonly Func<object, string> _system;
    private readonly Func<object, string> _user;

    private JudgePrompt(PromptFile file)
    {
        _file = file;
        Dictionary<string, object?>[] samples = [Values("question", ["gold", "other"], "answer")];
        _system = PromptTemplateCompiler.Compile(file, file.System, samples);
        _user = PromptTemplateCompiler.Compile(file, file.Template, samples);
        ContentHash = RunFingerprint.HashOf(file.Text);
    }

    /// <summary>SHA-256 of the file, hexadecimal.</summary>
    public string ContentHash { get; }

    /// <summary>Loads the prompt.</summary>
    /// <param name="path">A file of the user's; null for the one that ships with AgentRag.</param>
    /// <exception cref="AgentRagException">The file cannot be read or is no prompt; a template can use question, gold_answers and answer.</exception>
    public static JudgePrompt Load(string? path = null)
    {
        try
        {
            return new JudgePrompt(PromptFile.Parse(path is null ? Shipped() : File.ReadAllText(path), path ?? "prompts/judge.yaml"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the prompt cannot be read: {e.Message}", e);
        }
    }

    internal (IReadOnlyList<ChatMessage> Messages, ChatOptions Options) Render(string question, IReadOnlyList<string> goldAnswers, string answer)
    {
        var values = Values(question, goldAnswers, answer);
        return (
            [new ChatMessage(ChatRole.System, _system(values).Trim()), new ChatMessage(ChatRole.User, _user(values).Trim())],
            new ChatOptions
            {
                Temperature = _file.Temperature,
                MaxOutputTokens = _file.MaxTokens,
                StopSequences = _file.StopSequences.Count > 0 ? [.. _file.StopSequences] : null,
            });
    }

    private static Dictionary<string, object?> Values(string question, IReadOnlyList<string> goldAnswers, string answer) => new(StringComparer.Ordinal)
    {
        ["question"] = UntrustedText.NeutraliseLine(question),
        ["gold_answers"] = goldAnswers.Select(UntrustedText.NeutraliseLine).ToList(),
        ["answer"] = UntrustedText.NeutraliseLine(answer),
    };

    private static string Shipped()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("prompts/judge.yaml")
            ?? throw new InvalidOperationException("The assembly lacks its prompt judge.yaml.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

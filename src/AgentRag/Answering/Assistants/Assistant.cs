using System.Globalization;
using System.Reflection;
using AgentRag.Prompting;

namespace AgentRag.Answering.Assistants;

/// <summary>An assistant: a prompt with rules for its answers, both in one file.</summary>
/// <param name="Name">Its name, such as <c>legal</c>.</param>
/// <param name="Template">Its prompt.</param>
/// <param name="Rules">What its answers must keep to.</param>
public sealed record Assistant(string Name, PromptTemplate Template, AssistantRules Rules)
{
    private const string Folder = "prompts/assistants/";

    /// <summary>The names of the assistants that ship with AgentRag.</summary>
    public static IReadOnlyList<string> Shipped { get; } =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Select(Path.GetFileNameWithoutExtension).OfType<string>().Order(StringComparer.Ordinal),
    ];

    /// <summary>Finds an assistant.</summary>
    /// <param name="nameOrFile">One of <see cref="Shipped"/>, or the path of a file of the same form.</param>
    /// <exception cref="AgentRagException">There is none of that name, or the file is broken.</exception>
    public static Assistant Load(string nameOrFile)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(nameOrFile);
        if (Shipped.Contains(nameOrFile, StringComparer.Ordinal))
        {
            using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{Folder}{nameOrFile}.yaml")!;
            using var reader = new StreamReader(stream);
            return Parse(nameOrFile, reader.ReadToEnd(), $"{Folder}{nameOrFile}.yaml");
        }

        try
        {
            return Parse(Path.GetFileNameWithoutExtension(nameOrFile), File.ReadAllText(nameOrFile), nameOrFile);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new AgentRagException(
                $"There is no assistant '{nameOrFile}': use one of {string.Join(", ", Shipped)}, or the path of a prompt file with a part agentrag_assistant.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{nameOrFile}: the assistant cannot be read: {e.Message}", e);
        }
    }

    private static Assistant Parse(string name, string yaml, string path)
    {
        var file = PromptFile.Parse(yaml, path);
        return new Assistant(name, PromptTemplate.Parse(yaml, path), ReadRules(file));
    }

    private static AssistantRules ReadRules(PromptFile file)
    {
        var values = file.Assistant ?? throw file.Problem("no 'agentrag_assistant'; an assistant's rules stand there: refusal, citations, link, max_words");
        if (values.Keys.FirstOrDefault(key => key is not ("refusal" or "citations" or "link" or "max_words")) is { } stranger)
        {
            throw file.Problem($"agentrag_assistant has no rule '{stranger}'; the rules are refusal, citations, link and max_words");
        }

        var citations = AssistantCitations.Numbers;
        if (values.TryGetValue("citations", out var shown) && !(Enum.TryParse(shown, ignoreCase: true, out citations) && Enum.IsDefined(citations)))
        {
            throw file.Problem($"agentrag_assistant.citations is '{shown}', must be hidden, numbers or links");
        }

        int? maxWords = null;
        if (values.TryGetValue("max_words", out var words))
        {
            maxWords = int.TryParse(words, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1
                ? number
                : throw file.Problem($"agentrag_assistant.max_words is '{words}', must be a whole number from 1");
        }

        var link = values.GetValueOrDefault("link");
        return citations == AssistantCitations.Links && link?.Contains("{id}", StringComparison.Ordinal) is not true
            ? throw file.Problem("agentrag_assistant.citations is links, so a 'link' with {id} in it is needed")
            : new AssistantRules
            {
                Refusal = values.GetValueOrDefault("refusal") is { Length: > 0 } refusal ? refusal : throw file.Problem("agentrag_assistant has no 'refusal'; an assistant needs one sentence for it"),
                Citations = citations,
                Link = link,
                MaxWords = maxWords,
            };
    }
}

using HandlebarsDotNet;
using HandlebarsDotNet.Compiler;

namespace AgentRag.Prompting;

/// <summary>Compiles the templates of a prompt file and finds their faults before the first question does.</summary>
internal static class PromptTemplateCompiler
{
    // Prompts are plain text: nothing is HTML-escaped. A name that does not exist is a fault of the template, not an empty text.
    private static readonly IHandlebars Engine = Handlebars.Create(new HandlebarsConfiguration { NoEscape = true, ThrowOnUnresolvedBindingExpression = true });

    /// <summary>Compiles a template and renders it once with each sample.</summary>
    /// <returns>Renders the template; a fault that no sample has met is reported in the same way.</returns>
    public static Func<object, string> Compile(PromptFile file, PromptFileTemplate template, IEnumerable<object> samples)
    {
        var compiled = Guarded(file, template, () => Engine.Compile(template.Text));
        foreach (var sample in samples)
        {
            Guarded(file, template, () => compiled(sample));
        }

        return model => Guarded(file, template, () => compiled(model));
    }

    /// <summary>Translates a template into a program that renders it part by part.</summary>
    /// <param name="template">The template.</param>
    /// <param name="samples">Values to compare with; the first holds every name a template may use.</param>
    /// <param name="compiled">The template as the engine renders it.</param>
    /// <returns>The program; null when the template uses more than a program knows, or the program does not render the samples exactly alike.</returns>
    public static PromptProgram? Program(PromptFileTemplate template, List<Dictionary<string, object?>> samples, Func<object, string> compiled)
    {
        if (PromptProgram.From(template.Text, samples[0]) is not { } program)
        {
            return null;
        }

        return samples.TrueForAll(sample =>
        {
            var text = new TextSink();
            program.Run(sample, text);
            return text.ToString() == compiled(sample);
        })
            ? program
            : null;
    }

    private static T Guarded<T>(PromptFile file, PromptFileTemplate template, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (HandlebarsUndefinedBindingException e)
        {
            throw new AgentRagException(
                $"{file.Path}:{LineOf(template, e.MissingKey ?? e.Path ?? "")}: unknown name '{e.Path ?? e.MissingKey}' in {template.Key}; a template can use " +
                "question, question_above, demonstrations, passages, steps, pending, max_sub_queries, language, history, temperature, refusal and what these hold.", e);
        }
        catch (HandlebarsException e)
        {
            throw new AgentRagException($"{file.Path}:{template.FirstLine}: {template.Key} is no valid Handlebars template: {e.Message}", e);
        }
    }

    private static int LineOf(PromptFileTemplate template, string name)
    {
        var lines = template.Text.Split('\n');
        var index = Array.FindIndex(lines, line => line.Contains("{{", StringComparison.Ordinal) && line.Contains(name, StringComparison.Ordinal));
        return template.FirstLine + Math.Max(index, 0);
    }
}

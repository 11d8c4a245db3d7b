using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace AgentRag.Cli.Commands;

/// <summary>Flags that several commands share.</summary>
internal static class Flags
{
    public static readonly Option<bool> Json = new("--json") { Description = "Write JSON, one object per line, and nothing else on stdout." };

    public static readonly Option<string?> Questions = new("--questions")
    {
        HelpName = "FILE",
        Description = "Take questions from FILE, JSON Lines with id and question (- for stdin), and go through them in order.",
    };

    /// <summary>Makes a flag for a number, whose faults are told in plain words.</summary>
    public static Option<T?> Number<T>(string name, string helpName, string description)
        where T : struct, INumber<T> => new(name)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = argument =>
            {
                if (T.TryParse(argument.Tokens[0].Value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                {
                    return number;
                }

                argument.AddError($"{name}: '{argument.Tokens[0].Value}' is not a {(T.One / (T.One + T.One) == T.Zero ? "whole " : "")}number.");
                return null;
            },
        };

    /// <summary>The one of the two that was given.</summary>
    /// <returns>The text, or null when <c>--questions</c> was given.</returns>
    /// <exception cref="AgentRagException">Both or none were given.</exception>
    public static string? TextOrQuestions(ParseResult parsed, Argument<string?> text) => (parsed.GetValue(text), parsed.GetValue(Questions)) switch
    {
        (null, not null) => null,
        ({ } given, null) when given.Trim().Length > 0 => given,
        (not null, null) => throw new AgentRagException($"The {text.Name} is empty."),
        (null, null) => throw new AgentRagException($"Give a {text.Name} in quotation marks, or --questions FILE."),
        _ => throw new AgentRagException($"Give a {text.Name} or --questions FILE, not both."),
    };
}

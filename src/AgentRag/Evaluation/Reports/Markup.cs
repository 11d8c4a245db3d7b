using System.Globalization;
using System.Net;
using System.Text;

namespace AgentRag.Evaluation.Reports;

/// <summary>A piece of HTML or SVG. It is made from templates whose values are escaped, so text of documents, questions and models can never become markup.</summary>
internal readonly record struct Markup(string Text)
{
    public static Markup Empty { get; } = new("");

    /// <summary>Fills a template: every value is escaped, but for those that are markup already, and lists of these.</summary>
    public static Markup Of(FormattableString template) => new(template.ToString(Escaping.Instance));

    public static Markup Join(IEnumerable<Markup> parts) => new(string.Concat(parts.Select(part => part.Text)));

    public static Markup operator +(Markup a, Markup b) => new(a.Text + b.Text);

    public override string ToString() => Text;

    /// <summary>Escapes text and takes out what changes a page without being seen: control characters and marks that turn the reading direction.</summary>
    public static string Escape(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            clean.Append(c is '\n' or '\t' ? c
                : char.IsControl(c) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\u200E' or '\u200F' ? '\uFFFD'
                : c);
        }

        return WebUtility.HtmlEncode(clean.ToString());
    }

    private sealed class Escaping : IFormatProvider, ICustomFormatter
    {
        public static readonly Escaping Instance = new();

        public object? GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : null;

        public string Format(string? format, object? arg, IFormatProvider? formatProvider) => arg switch
        {
            null => "",
            Markup markup => markup.Text,
            IEnumerable<Markup> parts => string.Concat(parts.Select(part => part.Text)),
            IFormattable number => Escape(number.ToString(format, CultureInfo.InvariantCulture)),
            _ => Escape(arg.ToString() ?? ""),
        };
    }
}

using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace AgentRag.Documents;

/// <summary>Reads mails in .eml files: who, when and about what, then the text.</summary>
/// <param name="options">Limits.</param>
/// <remarks>
/// Of alternatives the plain text is taken, else the HTML one, read as HTML pages are. Attachments are named, not read; a forwarded mail is read.
/// RFC 5322, 2045, 2046 and 2047.
/// </remarks>
public sealed partial class MailReader(DocumentReaderOptions options) : IDocumentReader
{
    /// <summary>Mails within mails are read by recursion: no more levels than this, whatever the options say.</summary>
    private const int MostNesting = 32;

    private static readonly string[] Shown = ["From", "To", "Cc", "Date", "Subject"];
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".eml"];

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        if (await FileText.LoadBytesAsync(file, _options, skipped, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            yield break;
        }

        var mail = MimePart.Parse(content);
        if (!Shown.Any(mail.Headers.ContainsKey))
        {
            skipped(new(file.FullPath, "is not a mail: it has no From, To, Date or Subject"));
            yield break;
        }

        var reading = new Reading(_options, cancellationToken);
        reading.AddMail(mail, depth: 0);
        if (reading.IsTooDeep)
        {
            skipped(new(file.FullPath, $"its parts below {reading.MaxDepth} levels of nesting"));
        }

        if (reading.HtmlProblem is { } problem)
        {
            skipped(new(file.FullPath, $"its HTML text: {problem}"));
        }

        var subject = Titles.OneLine(mail.Headers.GetValueOrDefault("Subject", ""));
        yield return new Document
        {
            Id = file.Id,
            Title = subject.Length > 0 ? subject : Titles.FromFileName(file),
            Source = file.Source,
            Text = reading.ToString(),
            Metadata = Metadata(mail),
        };
    }

    /// <summary>Who, when and about what, in a form that can be compared: addresses in lower case, the date as a day.</summary>
    private static IReadOnlyDictionary<string, IReadOnlyList<string>> Metadata(MimePart mail)
    {
        var metadata = new MetadataBuilder();
        foreach (var name in (ReadOnlySpan<string>)["From", "To", "Cc"])
        {
            foreach (var match in Address().EnumerateMatches(mail.Headers.GetValueOrDefault(name, "")))
            {
                metadata.Add(name, mail.Headers[name].Substring(match.Index, match.Length).ToLowerInvariant());
            }
        }

        // "Fri, 21 Nov 1997 09:55:06 -0600 (CST)": what stands in brackets is a comment.
        var date = mail.Headers.GetValueOrDefault("Date", "");
        var comment = date.IndexOf('(', StringComparison.Ordinal);
        metadata.Add("Date", DateTimeOffset.TryParse(comment < 0 ? date : date[..comment], CultureInfo.InvariantCulture, DateTimeStyles.None, out var sent)
            ? sent.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : date);
        metadata.Add("Subject", mail.Headers.GetValueOrDefault("Subject", ""));
        return metadata.Build();
    }

    [GeneratedRegex(@"[^\s<>,;:""()@]{1,64}@[^\s<>,;:""()@]{1,190}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Address();

    private sealed class Reading(DocumentReaderOptions options, CancellationToken cancellationToken)
    {
        private readonly StringBuilder _text = new();

        public int MaxDepth { get; } = Math.Min(options.MaxNesting, MostNesting);

        public bool IsTooDeep { get; private set; }

        /// <summary>Why an HTML text was left out; null when none was.</summary>
        public string? HtmlProblem { get; private set; }

        public override string ToString() => _text.ToString();

        public void AddMail(MimePart mail, int depth)
        {
            var lines = Shown.Where(mail.Headers.ContainsKey).Select(name => $"{name}: {Titles.OneLine(mail.Headers[name])}");
            Append(string.Join('\n', lines));
            AddPart(mail, depth);
        }

        private void AddPart(MimePart part, int depth)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (depth > MaxDepth)
            {
                IsTooDeep = true;
            }
            else if (part.MediaType.StartsWith("multipart/", StringComparison.Ordinal))
            {
                var parts = part.Parts();
                foreach (var inner in part.MediaType is "multipart/alternative" ? Chosen(parts) : parts)
                {
                    AddPart(inner, depth + 1);
                }
            }
            else if (part.MediaType is "message/rfc822")
            {
                AddMail(MimePart.Parse(part.Decoded()), depth + 1);
            }
            else if (part.FileName is { } name)
            {
                Append($"Attachment: {name}");
            }
            else if (part.MediaType is "text/html")
            {
                AppendHtml(part.Text());
            }
            else if (part.MediaType is "text/plain")
            {
                Append(part.Text());
            }
        }

        private void AppendHtml(string html)
        {
            try
            {
                Append(HtmlPage.Parse(html, options.MaxHtmlNesting, cancellationToken).Text);
            }
            catch (InvalidDataException exception)
            {
                HtmlProblem = exception.Message;
            }
        }

        /// <summary>Of alternatives the plain text if it says anything, else the last: RFC 2046 puts the richest one there.</summary>
        private static IEnumerable<MimePart> Chosen(List<MimePart> parts) =>
            parts.Find(part => part.MediaType is "text/plain" && !string.IsNullOrWhiteSpace(part.Text())) is { } plain ? [plain] : parts.TakeLast(1);

        private void Append(string text)
        {
            var block = text.ReplaceLineEndings("\n").Trim('\n', ' ');
            if (block.Length > 0)
            {
                _text.Append(_text.Length > 0 ? "\n\n" : "").Append(block);
            }
        }
    }
}

using System.Text;

namespace AgentRag.Documents;

/// <summary>One part of a mail: its headers and its body as it was sent.</summary>
internal sealed class MimePart
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly MimeField _contentType;

    private MimePart(Dictionary<string, string> headers, ReadOnlyMemory<byte> body)
    {
        (Headers, _body) = (headers, body);
        _contentType = MimeField.Parse(headers.GetValueOrDefault("Content-Type", "text/plain"));
    }

    /// <summary>The headers by name, the first of each; encoded words are decoded.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The content type in lower case, without parameters.</summary>
    public string MediaType => _contentType.Value;

    /// <summary>The name of an attachment as one line; null for a part that is shown.</summary>
    public string? FileName
    {
        get
        {
            var disposition = MimeField.Parse(Headers.GetValueOrDefault("Content-Disposition", ""));
            var name = disposition["filename"] ?? _contentType["name"];
            return disposition.Value is "attachment" || (name is not null && MediaType is not ("text/plain" or "text/html")) ? Titles.OneLine(name ?? "without a name") : null;
        }
    }

    /// <summary>Cuts a part into its headers and its body.</summary>
    public static MimePart Parse(ReadOnlyMemory<byte> content)
    {
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        var (name, value) = ("", new StringBuilder());
        while (content.Length > 0)
        {
            var line = TakeLine(ref content);
            if (line.Length == 0)
            {
                break;
            }

            var text = Charsets.Decode(line.Span, null);
            if (text[0] is ' ' or '\t')
            {
                value.Append(' ').Append(text.AsSpan().Trim());
                continue;
            }

            Keep();
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            name = colon > 0 ? text[..colon].Trim() : "";
            value.Clear().Append(text.AsSpan(colon + 1).Trim());
        }

        Keep();
        return new(headers, content);

        void Keep()
        {
            if (name.Length > 0)
            {
                headers.TryAdd(name, EncodedWords.Decode(value.ToString()));
            }
        }
    }

    /// <summary>The parts of a multipart body, in order; what stands before the first boundary and behind the last is left out.</summary>
    public List<MimePart> Parts()
    {
        List<MimePart> parts = [];
        if (_contentType["boundary"] is not { Length: > 0 } boundary)
        {
            return parts;
        }

        var delimiter = Encoding.UTF8.GetBytes("--" + boundary);
        var (rest, start, position, isOpen) = (_body, 0, 0, false);
        while (rest.Length > 0)
        {
            var lineStart = position;
            var line = TakeLine(ref rest);
            position = _body.Length - rest.Length;
            if (!line.Span.StartsWith(delimiter) || line.Span[delimiter.Length..].Trim("- \t"u8).Length > 0)
            {
                continue;
            }

            if (isOpen)
            {
                parts.Add(Parse(_body[start..lineStart]));
            }

            (start, isOpen) = (position, true);
            if (line.Span[delimiter.Length..].StartsWith("--"u8))
            {
                return parts;
            }
        }

        // A mail that was cut off ends without its last boundary.
        if (isOpen && start < _body.Length)
        {
            parts.Add(Parse(_body[start..]));
        }

        return parts;
    }

    /// <summary>The body without its transfer encoding.</summary>
    public byte[] Decoded() => Headers.GetValueOrDefault("Content-Transfer-Encoding", "").Trim().ToUpperInvariant() switch
    {
        "BASE64" => TransferEncodings.Base64(_body.Span),
        "QUOTED-PRINTABLE" => TransferEncodings.QuotedPrintable(_body.Span, underscoreIsSpace: false),
        _ => _body.ToArray(),
    };

    /// <summary>The body as text.</summary>
    public string Text() => Charsets.Decode(Decoded(), _contentType["charset"]).Replace('\0', '\uFFFD');

    private static ReadOnlyMemory<byte> TakeLine(ref ReadOnlyMemory<byte> content)
    {
        var feed = content.Span.IndexOf((byte)'\n');
        var line = feed < 0 ? content : content[..feed];
        content = feed < 0 ? default : content[(feed + 1)..];
        return line.Length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;
    }
}

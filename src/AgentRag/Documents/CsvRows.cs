using System.Text;

namespace AgentRag.Documents;

/// <summary>Cuts delimited text into rows of values.</summary>
/// <param name="text">The text.</param>
/// <param name="separator">Between values.</param>
/// <param name="maxValueLength">Longest value, in characters.</param>
/// <remarks>RFC 4180: a value in double quotes may hold separators, line breaks, and quotes written twice. Blank lines are no rows.</remarks>
internal sealed class CsvRows(string text, char separator, int maxValueLength)
{
    private const string Separators = ",;\t|";
    private readonly List<string> _values = [];
    private readonly StringBuilder _value = new();
    private int _position;
    private int _line = 1;

    /// <summary>The values of the current row; valid until the next move.</summary>
    public IReadOnlyList<string> Current => _values;

    /// <summary>The line that the current row begins in, from 1.</summary>
    public int Line { get; private set; }

    /// <summary>Why the rows end before the text does, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>The most frequent separator of the first line; the tab for a .tsv.</summary>
    public static char Separator(string text, string path)
    {
        if (Path.GetExtension(path).Equals(".tsv", StringComparison.OrdinalIgnoreCase))
        {
            return '\t';
        }

        var line = text.AsSpan(0, text.IndexOf('\n') is >= 0 and var end ? end : text.Length);
        var (best, most) = (',', 0);
        foreach (var candidate in Separators)
        {
            var count = line.Count(candidate);
            (best, most) = count > most ? (candidate, count) : (best, most);
        }

        return best;
    }

    /// <summary>Moves to the next row.</summary>
    /// <returns>False when there is none, or when there is a <see cref="Problem"/>.</returns>
    public bool MoveNext()
    {
        while (_position < text.Length && text[_position] is '\r' or '\n')
        {
            _line += text[_position++] == '\n' ? 1 : 0;
        }

        _values.Clear();
        Line = _line;
        while (Problem is null && _position < text.Length)
        {
            if (!ReadValue())
            {
                return false;
            }

            if (_position == text.Length || text[_position] is '\r' or '\n')
            {
                break;
            }

            // A separator: when it ends the text, an empty value follows it.
            if (++_position == text.Length || text[_position] is '\r' or '\n')
            {
                _values.Add("");
                break;
            }
        }

        return _values.Count > 0;
    }

    private bool ReadValue()
    {
        var isQuoted = text[_position] == '"';
        if (isQuoted)
        {
            return ReadQuoted();
        }

        var rest = text.AsSpan(_position);
        var end = rest.IndexOfAny(separator, '\r', '\n');
        return Add(rest[..(end < 0 ? rest.Length : end)]);
    }

    private bool ReadQuoted()
    {
        _value.Clear();
        _position++;
        while (_position < text.Length)
        {
            var c = text[_position];
            if (c == '"' && _position + 1 < text.Length && text[_position + 1] == '"')
            {
                _position++;
            }
            else if (c == '"')
            {
                // What stands between the closing quote and the next separator is kept: spreadsheets never write it, people do.
                _position++;
                var rest = text.AsSpan(_position);
                var end = rest.IndexOfAny(separator, '\r', '\n');
                var tail = rest[..(end < 0 ? rest.Length : end)];
                _position += tail.Length;
                _values.Add(_value.Append(tail).ToString());
                return true;
            }

            _line += c == '\n' ? 1 : 0;
            _value.Append(c);
            _position++;
            if (_value.Length > maxValueLength)
            {
                return Fail($"the rows from here on: a value is longer than the {maxValueLength:N0} characters that are read of one");
            }
        }

        return Fail("the rows from here on: a quoted value is never closed");
    }

    private bool Add(ReadOnlySpan<char> value)
    {
        _position += value.Length;
        _values.Add(value.ToString());
        return true;
    }

    private bool Fail(string problem)
    {
        Problem = problem;
        _values.Clear();
        return false;
    }
}

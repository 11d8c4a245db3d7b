using System.Globalization;
using System.Text;

namespace AgentRag.Models;

/// <summary>
/// Turns a reply in the JSON of <see cref="ReplyControl"/> into the line it stands for, piece by piece:
/// <c>{"line":"Follow up:","text":"Who wrote it?"}</c> into <c>Follow up: Who wrote it?</c>.
/// </summary>
/// <remarks>
/// A reply that is no such JSON, from a server that took the field and paid no heed, is let through as it is; one that breaks off inside the text yields what there was.
/// Thoughts in front are let through. For one reply.
/// </remarks>
/// <param name="form">The form that was asked for.</param>
internal sealed class JsonReplyLine(ReplyForm form)
{
    private const string ThoughtsBegin = "<think>";
    private const string ThoughtsEnd = "</think>";

    private readonly StringBuilder _raw = new();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _key = new();
    private readonly StringBuilder _prefix = new();
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _escape = new();
    private State _state;
    private bool _hasPrefix;
    private bool _hasText;
    private bool _isEchoOver;
    private int _depth;

    private enum State
    {
        Begin,
        Thoughts,
        Plain,
        Members,
        Key,
        Colon,
        Value,
        Other,
        OtherText,
        End,
    }

    /// <summary>Takes the next piece of the reply.</summary>
    /// <returns>What of the line is certain now; often empty.</returns>
    public string Add(string piece)
    {
        foreach (var letter in piece)
        {
            Read(letter);
        }

        return Taken();
    }

    /// <summary>The reply is whole.</summary>
    /// <returns>What was still held back.</returns>
    public string End()
    {
        if (_hasPrefix && !_isEchoOver)
        {
            // What looked like the prefix once more was the beginning of the text.
            _isEchoOver = true;
            WriteText();
        }

        if (_state is not (State.Plain or State.Thoughts) && !_hasText)
        {
            // No line came out of it: the parser, and the request to mend it, see what there was.
            _output.Append(_raw);
        }

        _state = State.End;
        return Taken();
    }

    private string Taken()
    {
        var taken = _output.ToString();
        _output.Clear();
        return taken;
    }

    private void Read(char letter)
    {
        if (!_hasText && _state is not (State.Plain or State.Thoughts))
        {
            _raw.Append(letter);
        }

        switch (_state)
        {
            case State.Begin:
                Begin(letter);
                break;
            case State.Plain:
                _output.Append(letter);
                break;
            case State.Thoughts:
                _output.Append(letter);
                _text.Append(letter);
                if (_text.Length >= ThoughtsEnd.Length && _text.ToString(_text.Length - ThoughtsEnd.Length, ThoughtsEnd.Length) == ThoughtsEnd)
                {
                    _text.Clear();
                    _state = State.Begin;
                }

                break;
            case State.Members:
                _state = letter switch { '"' => State.Key, '}' => State.End, _ => State.Members };
                break;
            case State.Key when letter == '"' && _escape.Length == 0:
                _state = State.Colon;
                break;
            case State.Key:
                Unescape(letter, _key);
                break;
            case State.Colon when letter == '"' && _key.Length > 0:
                _state = State.Value;
                break;
            case State.Colon:
                Other(letter);
                break;
            case State.Value when letter == '"' && _escape.Length == 0:
                EndValue();
                break;
            case State.Value:
                Value(letter);
                break;
            case State.Other:
                Other(letter);
                break;
            case State.OtherText when letter == '"' && _escape.Length == 0:
                _state = State.Other;
                break;
            case State.OtherText:
                Unescape(letter, new StringBuilder());
                break;
        }
    }

    private void Begin(char letter)
    {
        var start = _raw.ToString().TrimStart();
        if (start.Length == 0)
        {
            return;
        }

        if (letter == '{' && start.Length == 1)
        {
            _state = State.Members;
        }
        else if (!ThoughtsBegin.StartsWith(start, StringComparison.Ordinal))
        {
            PassOn(State.Plain);
        }
        else if (start.Length == ThoughtsBegin.Length)
        {
            PassOn(State.Thoughts);
        }
    }

    private void PassOn(State state)
    {
        _output.Append(_raw);
        _raw.Clear();
        _state = state;
    }

    // A value of no interest: a number, a list, an object.
    private void Other(char letter)
    {
        switch (letter)
        {
            case '{' or '[':
                (_depth, _state) = (_depth + 1, State.Other);
                break;
            case '}' or ']' when _depth > 0:
                _depth--;
                break;
            case '}':
                _state = State.End;
                break;
            case ',' when _depth == 0:
                _key.Clear();
                _state = State.Members;
                break;
            case '"':
                _state = State.OtherText;
                break;
        }
    }

    private void Value(char letter)
    {
        switch (_key.ToString())
        {
            case ReplyControl.LineField or ReplyControl.ChoiceField:
                Unescape(letter, _prefix);
                break;
            case ReplyControl.TextField:
                Unescape(letter, _text);
                if (_hasPrefix)
                {
                    WriteText();
                }

                break;
            default:
                Unescape(letter, new StringBuilder());
                break;
        }
    }

    private void EndValue()
    {
        var key = _key.ToString();
        _key.Clear();
        _state = State.Members;
        if (key == ReplyControl.ChoiceField && form.Prefixes.Count == 0)
        {
            _hasText = true;
            _output.Append(_prefix);
            _state = State.End;
        }
        else if (key == ReplyControl.LineField)
        {
            _hasPrefix = true;
            if (_text.Length > 0)
            {
                WriteText();
            }
        }
    }

    private void WriteText()
    {
        if (_text.Length == 0)
        {
            return;
        }

        var text = string.Concat(_text.ToString().Select(letter => char.IsControl(letter) ? ' ' : letter));
        if (!_isEchoOver)
        {
            // Some models write what the line begins with into its text once more.
            var (prefix, start) = (_prefix.ToString(), text.TrimStart());
            if (start.TrimEnd() is var begun && begun.Length <= prefix.Length && prefix.StartsWith(begun, StringComparison.OrdinalIgnoreCase))
            {
                return;
            }

            _isEchoOver = true;
            text = start.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? start[prefix.Length..].TrimStart() : start;
        }

        if (!_hasText)
        {
            _hasText = true;
            _output.Append(_prefix).Append(' ');
        }

        // The second half of a character may come with the next piece.
        var whole = text.Length > 0 && char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
        _output.Append(text, 0, whole);
        _text.Clear().Append(text, whole, text.Length - whole);
    }

    private void Unescape(char letter, StringBuilder to)
    {
        if (_escape.Length == 0)
        {
            if (letter == '\\')
            {
                _escape.Append(letter);
            }
            else
            {
                to.Append(letter);
            }

            return;
        }

        _escape.Append(letter);
        if (_escape[1] != 'u')
        {
            to.Append(letter switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', _ => letter });
            _escape.Clear();
        }
        else if (_escape.Length == 6)
        {
            to.Append(ushort.TryParse(_escape.ToString(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) ? (char)code : '\uFFFD');
            _escape.Clear();
        }
    }
}

using System.Text;
using AgentRag.Models;

namespace AgentRag.Answering;

/// <summary>Takes the text of the final answer out of a reply that comes in pieces: without thoughts, Self-Ask prefix, citation marks and further lines.</summary>
/// <remarks>All it lets through makes up the answer's text. For one reply.</remarks>
/// <param name="task">What the reply was asked for.</param>
internal sealed class AnswerTextFilter(GroundedTask task)
{
    private const string ThoughtsBegin = "<think>";
    private const string ThoughtsEnd = "</think>";

    private readonly StringBuilder _pending = new();
    private State _state;
    private bool _hasBegun;

    private enum State
    {
        Begin,
        Thoughts,
        Prefix,
        Text,
        End,
    }

    /// <summary>Takes the next piece of the reply.</summary>
    /// <returns>What of the answer's text is certain now; often empty.</returns>
    public string Add(string piece)
    {
        if (_state == State.End)
        {
            return "";
        }

        _pending.Append(piece);
        return Advance(isWhole: false);
    }

    /// <summary>The reply is whole.</summary>
    /// <returns>What was still held back.</returns>
    public string End() => Advance(isWhole: true);

    private string Advance(bool isWhole)
    {
        while (true)
        {
            var text = _pending.ToString();
            var start = text.TrimStart();
            switch (_state)
            {
                case State.Begin when start.StartsWith(ThoughtsBegin, StringComparison.Ordinal):
                    _state = State.Thoughts;
                    break;
                case State.Begin when !isWhole && ThoughtsBegin.StartsWith(start, StringComparison.Ordinal):
                    return "";
                case State.Begin:
                    _state = State.Prefix;
                    break;
                case State.Thoughts when text.IndexOf(ThoughtsEnd, StringComparison.Ordinal) is >= 0 and var end:
                    Keep(text[(end + ThoughtsEnd.Length)..]);
                    _state = State.Prefix;
                    break;
                case State.Thoughts:
                    // Of thoughts only what may be the beginning of their end is kept.
                    Keep(text[Math.Max(0, text.Length - ThoughtsEnd.Length)..]);
                    return "";
                case State.Prefix when task == GroundedTask.Answer:
                    Keep(start);
                    _state = State.Text;
                    break;
                case State.Prefix when start.StartsWith(SelfAskReply.FinalAnswer, StringComparison.OrdinalIgnoreCase):
                    Keep(start[SelfAskReply.FinalAnswer.Length..]);
                    _state = State.Text;
                    break;
                case State.Prefix when !isWhole && SelfAskReply.FinalAnswer.StartsWith(start, StringComparison.OrdinalIgnoreCase):
                    return "";
                case State.Prefix:
                    // A follow-up question, or a reply that has to be mended.
                    _state = State.End;
                    return "";
                case State.Text:
                    return Text(text, isWhole);
                default:
                    return "";
            }
        }
    }

    private string Text(string text, bool isWhole)
    {
        if (!_hasBegun)
        {
            // For a one-pass reply empty lines before the answer are skipped; behind a prefix the line must go on.
            text = task == GroundedTask.Answer ? text.TrimStart() : text.TrimStart(' ', '\t');
        }

        var newline = text.IndexOf('\n');
        if (newline >= 0)
        {
            (text, isWhole) = (text[..newline], true);
        }

        var certain = isWhole ? CitedText.WithoutMarks(text).TrimEnd() : CitedText.WithoutMarks(text[..CertainLength(text)]);
        Keep(isWhole ? "" : text[CertainLength(text)..]);
        _state = isWhole ? State.End : State.Text;
        // A line of marks alone has begun, too.
        _hasBegun |= text.AsSpan().Trim().Length > 0;
        return certain;
    }

    // White space may stand before a mark or the end of the line, and goes with it; a bracket may open a mark.
    private static int CertainLength(string text)
    {
        var open = text.LastIndexOf('[');
        var end = open >= 0 && text.IndexOf(']', open) < 0 ? open : text.Length;
        return text.AsSpan(0, end).TrimEnd().Length;
    }

    private void Keep(string text) => _pending.Clear().Append(text);
}

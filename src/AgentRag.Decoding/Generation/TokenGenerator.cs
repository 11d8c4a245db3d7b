using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Speculation;

namespace AgentRag.Decoding.Generation;

/// <summary>Why a text ended.</summary>
internal enum EndReason
{
    None,

    /// <summary>The model ended it.</summary>
    EndToken,

    /// <summary>It is as long as was allowed, or the context is full.</summary>
    Length,
}

/// <summary>Generates tokens, with a drafter or without: the one loop of all modes.</summary>
/// <remarks>
/// A round drafts some tokens, runs them all through the target in one go, keeps those the acceptance takes and one token more, and sets the target back
/// to what was kept. Without drafts that is plain decoding. Not for concurrent use.
/// </remarks>
internal sealed class TokenGenerator
{
    private readonly ITokenContext _target;
    private readonly TokenSampler _sampler;
    private readonly TokenHistory _history;
    private readonly IReadOnlySet<int> _ends;
    private readonly int _mostTokens;
    private readonly IDrafter? _drafter;
    private readonly Acceptance _acceptance;
    private readonly DraftLength _draftLength;
    private readonly TimeProvider _time;
    private readonly Drafts _drafts;
    private readonly float[] _probabilities;
    private readonly List<int> _run = [];
    private readonly List<int> _emitted = [];
    private int _pending;

    /// <param name="target">The model, holding the prompt but its last token.</param>
    /// <param name="pending">The prompt's last token.</param>
    /// <param name="sampler">Draws tokens.</param>
    /// <param name="history">What penalties go by.</param>
    /// <param name="options">When it ends.</param>
    /// <param name="speculation">Who drafts, how drafts are accepted, and how many are made; null for none.</param>
    public TokenGenerator(
        ITokenContext target, int pending, TokenSampler sampler, TokenHistory history, GeneratorOptions options, Speculator? speculation = null)
    {
        (_target, _pending, _sampler, _history, _ends, _mostTokens, _time) = (target, pending, sampler, history, options.EndTokens, options.MostTokens, options.Time);
        (_drafter, _acceptance, _draftLength) = (speculation?.Drafter, speculation?.Acceptance ?? Acceptance.Sampled, speculation?.Length ?? DraftLength.Fixed(0));
        _drafts = new Drafts(target.VocabularySize);
        _probabilities = new float[target.VocabularySize];
        End = options.MostTokens == 0 ? EndReason.Length : EndReason.None;
    }

    /// <summary>Why generation ended; <see cref="EndReason.None"/> while it goes on.</summary>
    public EndReason End { get; private set; }

    /// <summary>What was counted so far.</summary>
    public GenerationCounts Counts { get; } = new();

    /// <summary>Does one round.</summary>
    /// <returns>The tokens it gave, without an end token; valid until the next call. None once generation ended.</returns>
    public IReadOnlyList<int> Next(CancellationToken cancellationToken = default)
    {
        _emitted.Clear();
        if (End != EndReason.None)
        {
            return _emitted;
        }

        if (_target.Room < 1)
        {
            End = EndReason.Length;
            return _emitted;
        }

        var started = _time.GetTimestamp();
        Draft(cancellationToken);
        var drafted = _time.GetTimestamp();
        var accepted = Verify(cancellationToken);
        _draftLength.Record(_drafts.Tokens.Count, accepted, _time.GetElapsedTime(started, drafted), _time.GetElapsedTime(drafted));
        _drafter?.Confirm(_emitted, accepted);
        Counts.Add(_drafts.Tokens.Count, accepted, _emitted.Count);
        _pending = _emitted[^1];
        if (_ends.Contains(_pending))
        {
            _emitted.RemoveAt(_emitted.Count - 1);
            End = EndReason.EndToken;
        }
        else if (Counts.Tokens >= _mostTokens)
        {
            End = EndReason.Length;
        }

        return _emitted;
    }

    private void Draft(CancellationToken cancellationToken)
    {
        _drafts.Clear();
        var most = Math.Min(_draftLength.Next(), Math.Min(_mostTokens - Counts.Tokens, _target.Room) - 1);
        if (_drafter is not null && most > 0)
        {
            _drafter.Draft(most, _drafts, _history, cancellationToken);
        }
    }

    private int Verify(CancellationToken cancellationToken)
    {
        _run.Clear();
        _run.Add(_pending);
        _run.AddRange(_drafts.Tokens);
        var start = _target.Length;
        _target.Append(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_run), _run.Count, cancellationToken);
        var accepted = 0;
        while (true)
        {
            _acceptance.Distribute(_sampler, _target.Logits(accepted), _history, _probabilities, isDrafted: accepted < _drafts.Tokens.Count);
            var (token, isDraft) = accepted < _drafts.Tokens.Count
                ? _acceptance.Choose(_probabilities, _drafts.Row(accepted), _drafts.Tokens[accepted], _sampler)
                : (_sampler.Draw(_probabilities), false);
            _emitted.Add(token);
            _history.Add(token);
            accepted += isDraft ? 1 : 0;
            if (!isDraft || _ends.Contains(token))
            {
                // The last of the emitted tokens is not held yet, unless it is a draft that ends the text, after which nothing follows.
                _target.Truncate(start + _emitted.Count);
                return accepted;
            }
        }
    }
}

/// <summary>When a text ends.</summary>
internal sealed record GeneratorOptions
{
    /// <summary>Tokens that end it.</summary>
    public required IReadOnlySet<int> EndTokens { get; init; }

    /// <summary>Most tokens, the end token included; ≥ 0.</summary>
    public required int MostTokens { get; init; }

    /// <summary>What rounds are timed by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Who drafts, how drafts are accepted, and how many are made.</summary>
internal sealed record Speculator(IDrafter Drafter, Acceptance Acceptance, DraftLength Length);

/// <summary>What a generation counted.</summary>
internal sealed class GenerationCounts
{
    /// <summary>Runs of the target.</summary>
    public int Rounds { get; private set; }

    /// <summary>Tokens drafted.</summary>
    public int Drafted { get; private set; }

    /// <summary>Of them, tokens taken over.</summary>
    public int Accepted { get; private set; }

    /// <summary>Tokens given, an end token included.</summary>
    public int Tokens { get; private set; }

    public void Add(int drafted, int accepted, int tokens) => (Rounds, Drafted, Accepted, Tokens) = (Rounds + 1, Drafted + drafted, Accepted + accepted, Tokens + tokens);
}

using System.Runtime.InteropServices;
using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Speculation;

/// <summary>Drafts with a model: another one, or the same with a shorter context.</summary>
internal sealed class ContextDrafter : IDrafter
{
    private readonly ITokenContext _context;
    private readonly TokenSampler _sampler;
    private readonly ContextDrafterOptions _options;
    private readonly List<int> _behind;
    private int _start;
    private int _ran;

    /// <param name="context">The model, holding its prompt but the last token.</param>
    /// <param name="pending">That token.</param>
    /// <param name="sampler">Makes its distribution and draws from it; not the target's, whose random numbers must not depend on drafts.</param>
    /// <param name="options">How it drafts.</param>
    public ContextDrafter(ITokenContext context, int pending, TokenSampler sampler, ContextDrafterOptions options) =>
        (_context, _sampler, _options, _behind, _start) = (context, sampler, options, [pending], context.Length);

    /// <inheritdoc/>
    public void Draft(int most, Drafts drafts, TokenHistory history, CancellationToken cancellationToken)
    {
        most = Math.Min(most, _context.Room - _behind.Count + 1);
        if (most < 1)
        {
            return;
        }

        _context.Append(CollectionsMarshal.AsSpan(_behind), 1, cancellationToken);
        _behind.Clear();
        (_start, _ran) = (_context.Length, 0);
        try
        {
            while (TryDraftOne(drafts, history) && drafts.Tokens.Count < most)
            {
                _context.Append([drafts.Tokens[^1]], 1, cancellationToken);
                _ran++;
            }
        }
        finally
        {
            foreach (var token in drafts.Tokens)
            {
                history.Remove(token);
            }
        }
    }

    /// <inheritdoc/>
    public void Confirm(IReadOnlyList<int> emitted, int accepted)
    {
        var kept = Math.Min(accepted, _ran);
        if (_behind.Count == 0)
        {
            _context.Truncate(_start + kept);
        }

        _behind.AddRange(emitted.Skip(kept));
        _ran = 0;
    }

    // A token the drafter itself doubts is not worth the target's time. That depends on the distribution alone, never on what is drawn, so no rule loses its law by it.
    private bool TryDraftOne(Drafts drafts, TokenHistory history)
    {
        var row = drafts.Row(drafts.Tokens.Count);
        _sampler.Distribute(_context.Logits(0), history, row);
        var likeliest = TokenSampler.Largest(row);
        if (row[likeliest] < _options.LeastConfidence)
        {
            return false;
        }

        var token = _options.TakesLikeliest ? likeliest : _sampler.Draw(row);
        drafts.Add(token);
        history.Add(token);
        return !_options.EndTokens.Contains(token);
    }
}

/// <summary>How a model drafts.</summary>
internal sealed record ContextDrafterOptions
{
    /// <summary>Whether it proposes its likeliest token instead of drawing one: right where the acceptance does not need q.</summary>
    public required bool TakesLikeliest { get; init; }

    /// <summary>Drafting stops where its likeliest token has less than this, in [0, 1]. Default 0.1, as in RAPID's code.</summary>
    public double LeastConfidence { get; init; } = 0.1;

    /// <summary>Tokens behind which nothing follows.</summary>
    public required IReadOnlySet<int> EndTokens { get; init; }
}

using AgentRag.Demonstrations;
using AgentRag.Tokens;

namespace AgentRag.Prompting;

/// <summary>Makes the largest prompt that fits: what does not fit is left out in a fixed order.</summary>
/// <remarks>
/// The order: the lowest-ranked test passages, down to the <see cref="KeptPassages"/> best; then the lowest-ranked passages of the demonstrations; then
/// whole demonstrations, the last first; then the kept test passages. Demonstrations outlast low-ranked passages because they are the part of the
/// prompt that stays the same from request to request, which providers cache; the best passages outlast demonstrations because without any evidence
/// there is nothing to answer from.
/// </remarks>
public static class PromptPacker
{
    /// <summary>Test passages that are given up only after every demonstration.</summary>
    public const int KeptPassages = 3;

    /// <summary>Renders a prompt of at most the given size.</summary>
    /// <param name="template">The prompt.</param>
    /// <param name="content">What should go in.</param>
    /// <param name="counter">Counts tokens.</param>
    /// <param name="availableTokens">Input tokens the request may have.</param>
    /// <param name="leastPassages">Test passages without which the prompt is not worth sending, ≥ 0.</param>
    /// <returns>The prompt, what went in and what was left out; null when not even the smallest version fits.</returns>
    public static PackedPrompt? Pack(
        PromptTemplate template, PromptContent content, ITokenCounter counter, int availableTokens, int leastPassages = 0)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(content);
        var order = new TrimOrder(content);
        var (low, high) = (0, order.Steps - Math.Min(leastPassages, content.Passages.Count));
        PackedPrompt? best = null;

        // Leaving more out never makes a prompt longer, so the first step that fits is found by halving. The whole content is tried first: it mostly fits.
        for (var step = 0; low <= high; step = low + ((high - low) / 2))
        {
            var trimmed = order.ContentAfter(step);
            var prompt = template.Render(trimmed, counter);
            if (prompt.TokenCount <= availableTokens)
            {
                (best, high) = (new PackedPrompt(prompt, trimmed, order.TrimmedAfter(step)), step - 1);
            }
            else
            {
                low = step + 1;
            }
        }

        return best;
    }

    /// <summary>The order in which the parts of one content are left out.</summary>
    private sealed class TrimOrder
    {
        private readonly PromptContent _content;
        private readonly List<NumberedPassage> _passages;
        private readonly List<(int Demonstration, int Batch, int Index)> _demonstrationPassages;
        private readonly int _kept;

        public TrimOrder(PromptContent content)
        {
            _content = content;
            _kept = Math.Min(KeptPassages, content.Passages.Count);
            _passages = [.. content.Passages.OrderByDescending(passage => passage.BestRank).ThenBy(passage => passage.Batch)];
            _demonstrationPassages =
            [
                .. content.Demonstrations
                    .SelectMany((demonstration, d) => demonstration.Passages.SelectMany((batch, b) => batch.Select((_, i) => (Demonstration: d, Batch: b, Index: i))))
                    .OrderByDescending(place => place.Index).ThenByDescending(place => place.Demonstration).ThenByDescending(place => place.Batch),
            ];
            Steps = _passages.Count + _demonstrationPassages.Count + content.Demonstrations.Count;
        }

        public int Steps { get; }

        public PromptContent ContentAfter(int step)
        {
            if (step == 0)
            {
                return _content;
            }

            var (passages, demonstrationPassages, demonstrations) = CountsAfter(step);
            var dropped = _passages.Take(passages).Select(passage => passage.Number).ToHashSet();
            var droppedPlaces = _demonstrationPassages.Take(demonstrationPassages).ToHashSet();
            return _content with
            {
                Passages = [.. _content.Passages.Where(passage => !dropped.Contains(passage.Number))],
                Demonstrations = [.. _content.Demonstrations.Take(_content.Demonstrations.Count - demonstrations).Select(Without)],
            };

            PreparedDemonstration Without(PreparedDemonstration prepared, int d) => prepared with
            {
                Passages = [.. prepared.Passages.Select((batch, b) => batch.Where((_, i) => !droppedPlaces.Contains((d, b, i))).ToList())],
            };
        }

        public TrimmedContent TrimmedAfter(int step)
        {
            var (passages, demonstrationPassages, demonstrations) = CountsAfter(step);
            return new TrimmedContent(passages, demonstrationPassages, demonstrations, Iterations: 0);
        }

        private (int Passages, int DemonstrationPassages, int Demonstrations) CountsAfter(int step)
        {
            var low = Math.Min(step, _passages.Count - _kept);
            var inDemonstrations = Math.Min(step - low, _demonstrationPassages.Count);
            var demonstrations = Math.Min(step - low - inDemonstrations, _content.Demonstrations.Count);
            return (step - inDemonstrations - demonstrations, inDemonstrations, demonstrations);
        }
    }
}

/// <summary>A prompt that fits.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Content">What went in.</param>
/// <param name="Trimmed">What was left out.</param>
public sealed record PackedPrompt(RenderedPrompt Prompt, PromptContent Content, TrimmedContent Trimmed);

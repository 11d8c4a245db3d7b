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
        var last = order.Steps - Math.Min(leastPassages, content.Passages.Count);

        // The whole content is tried first: it mostly fits.
        var whole = template.Draft(content, counter, withCosts: true);
        if (whole.TokenCount <= availableTokens)
        {
            return new PackedPrompt(whole.Render(), content, TrimmedContent.None);
        }

        // Leaving more out never makes a prompt longer, so there is one first step that fits. Where the items' costs are known it is guessed from them, and the
        // guess mostly right; it and the step before are counted exactly all the same.
        var (tooMuch, fits, best) = (0, last + 1, (PromptDraft?)null);
        var (guess, stride) = (order.GuessStep(whole, availableTokens), 1);
        while (tooMuch + 1 < fits)
        {
            var step = guess is { } guessed && guessed > tooMuch && guessed < fits ? guessed : tooMuch + ((fits - tooMuch) / 2);
            var draft = template.Draft(order.ContentAfter(step), counter);
            if (draft.TokenCount <= availableTokens)
            {
                (best, fits, guess) = (draft, step, guess is null ? null : step - stride);
            }
            else
            {
                (tooMuch, guess) = (step, guess is null ? null : step + stride);
            }

            stride *= 2;
        }

        return best is null ? null : new PackedPrompt(best.Render(), order.ContentAfter(fits), order.TrimmedAfter(fits));
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

        /// <summary>The first step at which the prompt probably fits; null when the items' costs are not known.</summary>
        public int? GuessStep(PromptDraft whole, int availableTokens)
        {
            if (whole.Costs is not { } costs)
            {
                return null;
            }

            // A demonstration's passages are gone before it goes itself.
            var bare = Enumerable.Range(0, _content.Demonstrations.Count).Select(d => costs.GetValueOrDefault(new PromptItem(d, -1, 0))).ToArray();
            foreach (var place in _demonstrationPassages)
            {
                bare[place.Demonstration] -= Cost(place);
            }

            var dropped = _passages.Select(passage => costs.GetValueOrDefault(new PromptItem(-1, -1, passage.Number))).ToList();
            var tooMany = (long)whole.TokenCount - availableTokens;
            var step = 0;
            foreach (var cost in (IEnumerable<int>)[.. dropped.Take(_passages.Count - _kept), .. _demonstrationPassages.Select(Cost), .. bare.Reverse(), .. dropped.Skip(_passages.Count - _kept)])
            {
                if (tooMany <= 0)
                {
                    break;
                }

                tooMany -= cost;
                step++;
            }

            return step;

            int Cost((int Demonstration, int Batch, int Index) place) => costs.GetValueOrDefault(new PromptItem(place.Demonstration, place.Batch, place.Index));
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

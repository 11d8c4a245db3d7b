namespace AgentRag.Evaluation.Runs;

/// <summary>Writes the passages of a question's prompts as changes: later prompts of IterDRAG repeat those of earlier ones, and k = 100 would fill the disk.</summary>
internal static class PromptDeltas
{
    public static IReadOnlyList<RunRequest> Encode(IReadOnlyList<(RunRequest Request, IReadOnlyList<int> Passages)> requests)
    {
        List<RunRequest> encoded = [];
        IReadOnlyList<int> before = [];
        foreach (var (request, passages) in requests)
        {
            int[] added = [.. passages.Except(before)];
            int[] removed = [.. before.Except(passages)];
            // Where a passage comes back in the middle, the change would not tell its place.
            encoded.Add(encoded.Count > 0 && added.Length + removed.Length < passages.Count && Apply(before, added, removed).SequenceEqual(passages)
                ? request with { Added = added, Removed = removed }
                : request with { Passages = passages });
            before = passages;
        }

        return encoded;
    }

    public static IReadOnlyList<IReadOnlyList<int>> Decode(IReadOnlyList<RunRequest> requests)
    {
        List<IReadOnlyList<int>> all = [];
        foreach (var request in requests)
        {
            all.Add(request.Passages ?? [.. Apply(all.Count > 0 ? all[^1] : [], request.Added ?? [], request.Removed ?? [])]);
        }

        return all;
    }

    private static IEnumerable<int> Apply(IReadOnlyList<int> before, IReadOnlyList<int> added, IReadOnlyList<int> removed) => before.Except(removed).Concat(added);
}

using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Answering;
using AgentRag.Indexing;
using AgentRag.Prompting;

namespace AgentRag.Evaluation;

/// <summary>What a measured performance depends on beside θ. Each is text that is equal when the thing is the same; null when it is not known.</summary>
public sealed record ObservationFingerprints
{
    /// <summary>The model's name, such as <c>extractive</c>.</summary>
    public string? Model { get; init; }

    /// <summary>The prompts: a hash over all of them.</summary>
    public string? Prompts { get; init; }

    /// <summary>The passages of the index: see <see cref="OfIndex"/>.</summary>
    public string? Index { get; init; }

    /// <summary>The retriever's name, with its settings where they are not the defaults.</summary>
    public string? Retriever { get; init; }

    /// <summary>The questions that were asked: a hash over them. Another sample of a data set is another text.</summary>
    public string? Questions { get; init; }

    /// <summary>The version of AgentRag.</summary>
    public string? Code { get; init; }

    /// <summary>The fingerprints of what answers here and now.</summary>
    /// <param name="context">Model, prompts, retriever.</param>
    /// <param name="index">The index that is asked; null when there is none.</param>
    public static ObservationFingerprints Of(AnsweringContext context, Bm25Index? index)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new ObservationFingerprints
        {
            Model = context.ModelName,
            Prompts = OfPrompts(context.Prompts),
            Index = index is null ? null : OfIndex(index),
            Retriever = context.Retriever.Name,
            Code = OfCode(),
        };
    }

    /// <summary>The fingerprint of a set of prompts: equal when every prompt has the same text.</summary>
    /// <param name="prompts">The prompts.</param>
    public static string OfPrompts(PromptLibrary prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        var hashes = Enum.GetValues<PromptName>().Select(name => $"{PromptLibrary.FileName(name)} {prompts.Get(name).ContentHash}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(hashes))))[..16];
    }

    /// <summary>The fingerprint of an index: equal when it holds the same passages, however its segments were written. No passage is read for it.</summary>
    /// <param name="index">The index.</param>
    public static string OfIndex(Bm25Index index)
    {
        ArgumentNullException.ThrowIfNull(index);
        var sum = 0UL;
        foreach (var (segment, passages) in index.Segments.Select(live => (live, live.Segment.PassageHashes())))
        {
            for (var passage = 0; passage < passages.Length; passage++)
            {
                // A sum does not ask for the order; mixed first, so that two changes do not cancel out.
                sum += segment.IsDeleted(passage) ? 0 : Mixed(passages[passage]);
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{index.PassageCount}-{sum:x16}");
    }

    /// <summary>The fingerprint of this program: its version.</summary>
    public static string OfCode() =>
        typeof(ObservationFingerprints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    // The finaliser of SplitMix64.
    private static ulong Mixed(ulong value)
    {
        value += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}

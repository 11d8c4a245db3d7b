using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>
/// Which passages mention which names: a bipartite graph found by string matching, with no model. A name is a document's title, the name an untitled
/// document begins with, or a capitalised phrase that several passages share.
/// </summary>
/// <remarks>
/// Both directions as compressed sparse rows of integers, in memory or in a mapped file whose bytes are verified as they are touched: whatever reads links of a
/// file may find it damaged, which is an <see cref="AgentRagException"/>. Never changes; safe for concurrent use.
/// </remarks>
public sealed class LinksGraph
{
    /// <summary>
    /// More passages than this are not listed for one name. A name of hundreds of passages tells little, and the bound keeps the cost of a query
    /// independent of the index's size; titles are still found from such passages.
    /// </summary>
    internal const int MaxFanOut = 100;

    internal LinksGraph(
        StringTable names,
        LinksColumn<int> mentionCounts,
        LinksColumn<int> subjectDocuments,
        LinksRows mentions,
        LinksRows subjects,
        LinksRows passageNames,
        LinksColumn<int> passageSubjects)
    {
        (Names, MentionCounts, SubjectDocuments, PassageSubjects) = (names, mentionCounts, subjectDocuments, passageSubjects);
        (Mentions, Subjects, PassageNames) = (mentions, subjects, passageNames);
    }

    /// <summary>Number of passages, ≥ 0: those of the index it was made from.</summary>
    public int PassageCount => PassageNames.Count;

    /// <summary>Number of names, ≥ 0.</summary>
    public int NameCount => Names.Count;

    /// <summary>Number of mentions, each a pair of passage and name, ≥ 0.</summary>
    public int MentionCount => PassageNames.Values.Count;

    /// <summary>The names: lower case, without accents, words separated by spaces; sorted by their bytes.</summary>
    internal StringTable Names { get; }

    /// <summary>Per name, how many passages mention it: also when they are too many to be listed.</summary>
    internal LinksColumn<int> MentionCounts { get; }

    /// <summary>Per name, how many documents have it as their title or first name; 0 for a phrase.</summary>
    internal LinksColumn<int> SubjectDocuments { get; }

    /// <summary>Per name, the passages that mention it: at most <see cref="MaxFanOut"/>, none when there are more.</summary>
    internal LinksRows Mentions { get; }

    /// <summary>Per name, the first passages of the documents that are about it: at most <see cref="MaxFanOut"/>.</summary>
    internal LinksRows Subjects { get; }

    /// <summary>Per passage, the names it mentions, in the order of their first mention.</summary>
    internal LinksRows PassageNames { get; }

    /// <summary>Per passage, the name its document is about; -1 for none, and beyond the first documents of a name that many are about.</summary>
    internal LinksColumn<int> PassageSubjects { get; }

    /// <summary>The file's bytes; null for links made in memory.</summary>
    internal LinksPages? Pages { get; init; }

    /// <summary>Finds the links between the passages of an index.</summary>
    /// <param name="index">The index; titles and texts are read, nothing else.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The links. Time and memory grow linearly with the text.</returns>
    public static LinksGraph Build(Bm25Index index, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(index);
        var builder = new LinksBuilder();
        for (var passage = 0; passage < index.PassageCount; passage++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            builder.AddSubject(index.PassageAt(passage));
        }

        for (var passage = 0; passage < index.PassageCount; passage++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            builder.AddMentions(index.PassageAt(passage).Text);
        }

        return builder.Build();
    }

    /// <summary>Whether every byte of the links is as it was written; those in memory are.</summary>
    internal bool IsSound() => Pages?.IsSound() is not false;

    /// <summary>The same links of passages that have got other numbers.</summary>
    /// <param name="newPassages">Per passage, its new number; each number once. Passages of one document keep their order.</param>
    internal LinksGraph Renumbered(int[] newPassages)
    {
        var rows = new int[newPassages.Length];
        for (var passage = 0; passage < rows.Length; passage++)
        {
            rows[newPassages[passage]] = passage;
        }

        return new(
            Names, MentionCounts, SubjectDocuments, Mentions.WithValues(newPassages), Subjects.WithValues(newPassages), PassageNames.InOrder(rows),
            new(Array.ConvertAll(rows, passage => PassageSubjects[passage])));
    }

    /// <summary>The names that a passage's document is about: one at most.</summary>
    internal ReadOnlySpan<int> SubjectsOf(int passage)
    {
        var subject = PassageSubjects.Slice(passage, 1);
        return subject[0] < 0 ? [] : subject[0] < NameCount ? subject : throw PassageSubjects.WrongContent();
    }

    /// <summary>Finds the titles in a text, the longest at each place.</summary>
    internal IReadOnlyList<int> TitlesIn(string text)
    {
        var (words, read) = (new LinksWords(), new List<LinksWord>());
        words.Read(text, read);
        List<int> found = [];
        var span = CollectionsMarshal.AsSpan(read);
        for (var start = 0; start < span.Length;)
        {
            var length = Math.Min(LinksNames.MaxWords, span.Length - start);
            for (; length > 0; length--)
            {
                var name = Names.BinarySearch(Encoding.UTF8.GetBytes(words.Join(span.Slice(start, length))));
                if (name >= 0 && SubjectDocuments[name] > 0 && !found.Contains(name))
                {
                    found.Add(name);
                    break;
                }
            }

            start += Math.Max(1, length);
        }

        return found;
    }
}

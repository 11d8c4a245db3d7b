using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AgentRag.Indexing;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>Tells whether passages bear out what cites them, by the words they share, whatever the language.</summary>
/// <remarks>
/// <para>
/// A claim is what stands before its marks, back to the mark or the sentence before; if that is not borne out, the whole sentence. What is checked is the part of it that
/// the question and the steps do not say already; if they say all of it, all of it. Every number and every name must stand in the passages that the claim cites
/// or in those cited before it; of a claim without either, at least half of the content words: words of at least four letters, pairs of characters where words are not
/// spaced. A name is a run of words with capital letters; the first word of a sentence alone is none, and of a name half of the words are enough. Numbers are
/// compared by their digits; a number that is the difference of two numbers of as many digits in those passages, such as two years, holds too. What is too short to be checked, such as "yes" or 是, is judged by the question instead: the passages must have to do with it.
/// </para>
/// <para>
/// Of several passages cited together each must carry a part: something of the claim, or a link of the chain that leads to it: a name or a number of the question or the
/// steps, half of the question's content words, or two words that it shares with a passage that carries a part, that the question lacks and that few passages of the prompt hold.
/// A passage that holds the claim word for word is never dropped. A claim in another script than its passage is not told by its words: only its numbers count.
/// </para>
/// <para>
/// For short answers, whose every name and number must come from the passages. The prose of assistants is held to less, by <see cref="Assistants.ClaimSupport"/>: its remarks say why.
/// </para>
/// <para>A coarse sieve: it finds citations of something else, not wrong conclusions from the right passage. A number that was worked out in another way, or is spelt in words in the passage, loses its citations.</para>
/// </remarks>
internal sealed partial class CitationSupport
{
    private const int ShortestContentWord = 4;

    private static readonly SearchValues<char> SentenceEnds = SearchValues.Create(".!?:。！？\n");
    private static readonly Analyzer Words = new(new AnalyzerOptions { RemoveStopWords = false, Stem = false });

    private readonly Dictionary<int, Evidence> _evidence;
    private readonly Evidence _known;
    private readonly Claim _asked;
    private readonly int _fewPassages;

    /// <summary>Prepares the checks of one reply.</summary>
    /// <param name="passages">The passages of the prompt that it replies to.</param>
    /// <param name="known">What was known before it: the question and the steps.</param>
    public CitationSupport(IReadOnlyList<NumberedPassage> passages, string known)
    {
        _evidence = passages.ToDictionary(passage => passage.Number, passage => new Evidence($"{passage.Passage.Title}\n{passage.Passage.Text}"));
        _known = new Evidence(known);
        _asked = new Claim(known, known: null);
        _fewPassages = Math.Max(2, passages.Count / 4);
    }

    /// <summary>Tells which of the passages cited together bear the claim out.</summary>
    /// <param name="claims">The claim, in its narrower and its wider reading.</param>
    /// <param name="cited">Numbers of passages of the prompt.</param>
    /// <param name="citedBefore">Numbers of passages that what was said before rests on.</param>
    /// <returns>Those of them that do, in the same order; length ≥ 0.</returns>
    public IReadOnlyList<int> Supporting(IReadOnlyList<string> claims, IReadOnlyList<int> cited, IReadOnlyCollection<int> citedBefore)
    {
        List<int> verbatim = [.. cited.Where(number => claims.Any(claim => _evidence[number].HoldsVerbatim(claim)))];
        foreach (var text in claims)
        {
            var supporting = Supporting(new Claim(text, _known), cited, citedBefore);
            if (supporting.Count > 0)
            {
                return [.. cited.Where(number => supporting.Contains(number) || verbatim.Contains(number))];
            }
        }

        return verbatim;
    }

    private List<int> Supporting(Claim claim, IReadOnlyList<int> cited, IReadOnlyCollection<int> citedBefore)
    {
        if (claim.IsUncheckable)
        {
            return [.. cited.Where(number => ConcernsQuestion(_evidence[number]))];
        }

        List<Evidence> all = [.. cited.Union(citedBefore).Select(number => _evidence[number])];
        if (!claim.IsHeldBy(all))
        {
            return [];
        }

        HashSet<int> carrying = [.. cited.Where(number => claim.IsTouchedBy(_evidence[number], all))];
        if (carrying.Count == 0)
        {
            return [];
        }

        // Links hang on links: as long as one is found there may be another.
        for (var before = -1; before != carrying.Count;)
        {
            before = carrying.Count;
            carrying.UnionWith(cited.Where(number => ConcernsQuestion(_evidence[number]) || IsLinked(_evidence[number], carrying)));
        }

        return [.. carrying];
    }

    private bool ConcernsQuestion(Evidence passage) => _asked.IsUncheckable || _asked.IsMetBy(passage);

    private bool IsLinked(Evidence passage, HashSet<int> carrying) => carrying.Any(number => _evidence[number] != passage && _evidence[number].ContentTerms
        .Where(term => passage.Terms.Contains(term) && !_known.Terms.Contains(term))
        .Count(term => _evidence.Values.Count(other => other.Terms.Contains(term)) <= _fewPassages) >= 2);

    // Analysed like any text of an index: lower case, without accents, pairs of characters where words are not spaced.
    private static IReadOnlyList<string> TermsOf(string text) => Words.Terms(text);

    private static IEnumerable<string> NumbersOf(string text) => Number().Matches(text).Select(match =>
    {
        var digits = new StringBuilder();
        foreach (var rune in match.Value.EnumerateRunes())
        {
            if (Rune.IsDigit(rune))
            {
                digits.Append((int)Rune.GetNumericValue(rune));
            }
        }

        return digits.ToString().TrimStart('0') is { Length: > 0 } number ? number : "0";
    });

    private static bool IsUnspaced(ReadOnlySpan<char> term) => Rune.DecodeFromUtf16(term, out var first, out _) == OperationStatus.Done && UnspacedScripts.IsLetter(first);

    private static bool IsContent(string term) => IsUnspaced(term) ? term.EnumerateRunes().Count() > 1 : term.Length >= ShortestContentWord && char.IsLetter(term[0]);

    /// <summary>The letters' script, coarsely: scripts without spaces in the one, each other block of letters by itself.</summary>
    private static int ScriptOf(string term) => IsUnspaced(term) ? -1 : term[0] < 0x250 ? 0 : term[0] >> 8;

    [GeneratedRegex(@"\p{Nd}+(?:[.,'’\u00A0\u202F]\p{Nd}+)*", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Number();

    [GeneratedRegex(@"\p{L}[\p{L}\p{M}\p{Nd}'’-]*", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word();

    /// <summary>What a passage holds.</summary>
    private sealed class Evidence
    {
        private readonly string _text;
        private readonly HashSet<int> _scripts;

        public Evidence(string text)
        {
            _text = text;
            Terms = [.. TermsOf(text)];
            Numbers = NumbersOf(text).ToHashSet(StringComparer.Ordinal);
            ContentTerms = [.. Terms.Where(IsContent)];
            _scripts = [.. Terms.Select(ScriptOf)];
        }

        public HashSet<string> Terms { get; }

        public IReadOnlyList<string> ContentTerms { get; }

        public HashSet<string> Numbers { get; }

        public bool HoldsVerbatim(string claim)
        {
            claim = claim.Trim().TrimEnd('.', '。');
            if (!claim.Any(char.IsLetterOrDigit))
            {
                return false;
            }

            for (var at = _text.IndexOf(claim, StringComparison.OrdinalIgnoreCase); at >= 0; at = _text.IndexOf(claim, at + 1, StringComparison.OrdinalIgnoreCase))
            {
                // 190 does not stand in 1903, nor Orm in Ormond.
                if (IsBoundary(at) && IsBoundary(at + claim.Length))
                {
                    return true;
                }
            }

            return false;
        }

        public bool Shares(string script) => _scripts.Contains(ScriptOf(script));

        private bool IsBoundary(int at) => at == 0 || at == _text.Length || !char.IsLetterOrDigit(_text[at - 1]) || !char.IsLetterOrDigit(_text[at])
            || (char.IsDigit(_text[at - 1]) != char.IsDigit(_text[at])) || IsUnspaced(_text.AsSpan(at - 1)) || IsUnspaced(_text.AsSpan(at));

        /// <summary>Whether it holds a term, also with another ending: the beginning of at least four letters, and all but three.</summary>
        public bool Holds(string term)
        {
            if (Terms.Contains(term))
            {
                return true;
            }

            return term.Length >= ShortestContentWord && !IsUnspaced(term) && Terms.Any(held =>
            {
                var longer = Math.Max(held.Length, term.Length);
                var same = held.AsSpan().CommonPrefixLength(term);
                return same >= Math.Max(ShortestContentWord, longer - 3);
            });
        }
    }

    /// <summary>What has to stand in passages.</summary>
    private sealed class Claim
    {
        private readonly List<string> _numbers;
        private readonly List<string[]> _names;
        private readonly List<string> _words;

        public Claim(string text, Evidence? known)
        {
            var (numbers, names, words) = Read(text);
            if (known is not null)
            {
                var newNumbers = numbers.FindAll(number => !known.Numbers.Contains(number));
                var newNames = names.FindAll(name => !IsNameIn(name, known));
                var newWords = words.FindAll(word => !known.Holds(word));
                if (newNumbers.Count + newNames.Count > 0 || (numbers.Count + names.Count == 0 && newWords.Count > 0))
                {
                    (numbers, names, words) = (newNumbers, newNames, newWords);
                }
            }

            (_numbers, _names, _words) = (numbers, names, words);
        }

        /// <summary>Whether nothing in it can be looked for.</summary>
        public bool IsUncheckable => _numbers.Count + _names.Count + _words.Count == 0;

        /// <summary>Whether these passages together hold it.</summary>
        public bool IsHeldBy(IReadOnlyCollection<Evidence> passages)
        {
            if (!_numbers.TrueForAll(number => passages.Any(passage => passage.Numbers.Contains(number)) || Terms(number, passages).Any()))
            {
                return false;
            }

            if (_names.Count > 0)
            {
                return _names.TrueForAll(name => passages.Any(passage => IsForeign(passage) || IsNameIn(name, passage)));
            }

            return _numbers.Count > 0 || _words.Count == 0 || passages.Any(IsForeign)
                || 2 * _words.Count(word => passages.Any(passage => passage.Holds(word))) >= _words.Count;
        }

        /// <summary>Whether a passage carries a part of it.</summary>
        public bool IsTouchedBy(Evidence passage, IReadOnlyCollection<Evidence> passages) =>
            HoldsFact(passage) || (_numbers.Count == 0 && IsForeign(passage)) || _words.Exists(passage.Holds)
            || _numbers.Exists(number => Terms(number, passages).Any(passage.Numbers.Contains));

        /// <summary>Whether a passage has to do with it.</summary>
        public bool IsMetBy(Evidence passage) => HoldsFact(passage) || IsForeign(passage) || (_words.Count > 0 && 2 * _words.Count(passage.Holds) >= _words.Count);

        /// <summary>The numbers in the passages whose difference a number is.</summary>
        private static IEnumerable<string> Terms(string difference, IReadOnlyCollection<Evidence> passages)
        {
            if (!long.TryParse(difference, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) || wanted == 0)
            {
                yield break;
            }

            var numbers = passages.SelectMany(passage => passage.Numbers).Where(number => number.Length is >= 3 and <= 15).ToHashSet(StringComparer.Ordinal);
            foreach (var number in numbers)
            {
                var other = (long.Parse(number, CultureInfo.InvariantCulture) + wanted).ToString(CultureInfo.InvariantCulture);
                if (other.Length == number.Length && numbers.Contains(other))
                {
                    yield return number;
                    yield return other;
                }
            }
        }

        private bool HoldsFact(Evidence passage) => _numbers.Exists(passage.Numbers.Contains) || _names.Exists(name => IsNameIn(name, passage));

        private static bool IsNameIn(string[] name, Evidence passage) => 2 * name.Count(passage.Holds) >= name.Length;

        private bool IsForeign(Evidence passage) => !_names.SelectMany(name => name).Concat(_words).Any(passage.Shares);

        private static (List<string> Numbers, List<string[]> Names, List<string> Words) Read(string text)
        {
            List<string> words = [];
            List<string[]> names = [];
            List<string> name = [];
            var (end, startsSentence, nameStartsSentence) = (0, true, false);
            var hasPlainWord = false;
            foreach (Match match in Word().Matches(text))
            {
                var between = text[end..match.Index];
                end = match.Index + match.Length;
                if (name.Count > 0 && between.Any(letter => letter is not (' ' or '\u00A0' or '.')))
                {
                    EndName();
                }

                startsSentence |= between.AsSpan().ContainsAny(SentenceEnds);
                if (char.IsUpper(match.Value[0]) && !IsUnspaced(match.Value))
                {
                    nameStartsSentence = name.Count == 0 ? startsSentence : nameStartsSentence;
                    name.Add(match.Value);
                }
                else
                {
                    EndName();
                    hasPlainWord = true;
                    words.AddRange(TermsOf(match.Value).Where(IsContent));
                }

                startsSentence = false;
            }

            EndName();

            // A bare answer is no sentence: its one word with a capital letter is a name, unless it is as short as "Yes".
            if (!hasPlainWord && names.Count == 0 && words.Count == 1)
            {
                (names, words) = ([[words[0]]], []);
            }

            return ([.. NumbersOf(text).Distinct(StringComparer.Ordinal)], names, words);

            void EndName()
            {
                var terms = name.SelectMany(TermsOf).Where(term => term.Length > 1).ToArray();
                if (name.Count == 1 && nameStartsSentence)
                {
                    words.AddRange(terms.Where(IsContent));
                }
                else if (terms.Length > 0)
                {
                    names.Add(terms);
                }

                name.Clear();
            }
        }
    }
}

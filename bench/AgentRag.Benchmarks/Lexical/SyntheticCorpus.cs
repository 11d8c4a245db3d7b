using System.Text;

namespace AgentRag.Benchmarks.Lexical;

/// <summary>Passages of made-up words with natural statistics: Zipf's law, lognormal lengths, bursts of topics.</summary>
internal static class SyntheticCorpus
{
    private const int Seed = 42;
    private const int Vocabulary = 200_000;
    private const int Queries = 1000;
    private const double MeanLength = 100;
    private const double Sigma = 0.5;
    private const double BurstShare = 0.2;
    private const string Consonants = "bcdfghklmnprstvz";
    private const string Vowels = "aeiou";

    public static void Write(CorpusFiles files, int passages)
    {
        var random = new Random(Seed);
        var words = Enumerable.Range(0, Vocabulary).Select(Word).ToArray();
        var utf8 = Array.ConvertAll(words, Encoding.ASCII.GetBytes);
        var cumulative = Cumulative();
        var passagesWith = new int[Vocabulary];
        var lastPassage = new int[Vocabulary];
        var asked = new HashSet<int>();
        while (asked.Count < Math.Min(Queries, passages))
        {
            asked.Add(random.Next(passages));
        }

        List<string[]> queries = [];
        List<int> passage = [];
        using (var stream = new FileStream(files.Passages, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 20))
        {
            for (var i = 0; i < passages; i++)
            {
                Fill(passage, random, cumulative);
                for (var w = 0; w < passage.Count; w++)
                {
                    stream.Write(utf8[passage[w]]);
                    stream.WriteByte(w + 1 < passage.Count ? (byte)' ' : (byte)'\n');
                    if (lastPassage[passage[w]] != i + 1)
                    {
                        (lastPassage[passage[w]], passagesWith[passage[w]]) = (i + 1, passagesWith[passage[w]] + 1);
                    }
                }

                if (asked.Contains(i))
                {
                    var distinct = passage.Distinct().ToArray();
                    random.Shuffle(distinct);
                    queries.Add([.. distinct.Take(random.Next(8, 16)).Select(word => words[word])]);
                }
            }
        }

        files.WriteQueries(queries, CorpusFiles.MostFrequent(words.Zip(passagesWith).ToDictionary(StringComparer.Ordinal)));
    }

    private static void Fill(List<int> passage, Random random, double[] cumulative)
    {
        passage.Clear();
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var length = (int)Math.Clamp(Math.Exp(Math.Log(MeanLength) - (Sigma * Sigma / 2) + (Sigma * normal)), 10, 1000);
        while (passage.Count < length)
        {
            var isBurst = passage.Count > 0 && random.NextDouble() < BurstShare;
            passage.Add(isBurst ? passage[random.Next(passage.Count)] : Draw(cumulative, random.NextDouble()));
        }
    }

    private static int Draw(double[] cumulative, double at)
    {
        var found = Array.BinarySearch(cumulative, at * cumulative[^1]);
        return Math.Min(found < 0 ? ~found : found, cumulative.Length - 1);
    }

    private static double[] Cumulative()
    {
        var (sums, sum) = (new double[Vocabulary], 0.0);
        for (var rank = 0; rank < Vocabulary; rank++)
        {
            sums[rank] = sum += 1.0 / (rank + 1);
        }

        return sums;
    }

    /// <summary>Syllables of a consonant and a vowel: frequent words are short.</summary>
    private static string Word(int rank)
    {
        var (word, rest) = (new StringBuilder(), rank);
        do
        {
            var syllable = rest % (Consonants.Length * Vowels.Length);
            word.Append(Consonants[syllable / Vowels.Length]).Append(Vowels[syllable % Vowels.Length]);
            rest = (rest / (Consonants.Length * Vowels.Length)) - 1;
        }
        while (rest >= 0);
        return word.ToString();
    }
}

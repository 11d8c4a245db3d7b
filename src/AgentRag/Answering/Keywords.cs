using System.Collections.Frozen;

namespace AgentRag.Answering;

/// <summary>Reads keywords out of a reply and keeps those that mean something by themselves.</summary>
internal static class Keywords
{
    // Words that say what to do with things, not which things: a keyword of nothing else finds anything.
    private static readonly FrozenSet<string> Generic = new[]
    {
        "a", "an", "and", "the", "of", "in", "on", "for", "to", "between", "with", "vs", "versus", "its", "their",
        "performance", "comparison", "compare", "compared", "difference", "differences", "similarity", "similarities", "advantage", "advantages", "disadvantage",
        "disadvantages", "benefit", "benefits", "drawback", "drawbacks", "limitation", "limitations", "analysis", "overview", "summary", "introduction",
        "definition", "meaning", "explanation", "example", "examples", "application", "applications", "use", "uses", "usage", "method", "methods", "approach",
        "approaches", "technique", "techniques", "result", "results", "effect", "effects", "impact", "impacts", "role", "cause", "causes", "reason", "reasons",
        "history", "background", "details", "information", "problem", "problems", "solution", "solutions", "question", "answer", "improvement", "improvements",
        "challenge", "challenges", "trend", "trends", "evaluation", "study", "studies", "research", "paper", "papers", "work", "works", "recent", "latest", "main",
        "性能", "比较", "对比", "性能比较", "区别", "差异", "优点", "缺点", "优势", "方法", "分析", "概述", "定义", "应用", "结果", "影响", "原因", "作用", "研究", "问题",
        "比較", "性能比較", "違い", "利点", "欠点", "方法論", "分析", "概要", "定義", "応用", "結果", "影響", "原因", "役割", "研究", "問題",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly char[] Separators = [',', ';', '\n', '，', '、', '；'];

    /// <summary>The keywords of a reply, each once, those that stand alone; all of them when none does.</summary>
    public static IReadOnlyList<string> Read(string reply)
    {
        List<string> keywords =
        [
            .. ReplyLines.Read(reply).SelectMany(line => line.Split(Separators, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                .Select(keyword => keyword.Trim('"', '\'', '“', '”', '.', '。'))
                .Where(keyword => keyword.Length > 0)
                .Distinct(StringComparer.OrdinalIgnoreCase),
        ];
        List<string> standing = [.. keywords.Where(StandsAlone)];
        return standing.Count > 0 ? standing : keywords;
    }

    /// <summary>Whether a keyword says what it is about without the question: "machine translation" does, "performance comparison" does not.</summary>
    public static bool StandsAlone(string keyword) => keyword.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(word => !Generic.Contains(word));
}

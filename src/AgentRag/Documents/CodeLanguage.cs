using System.Text.RegularExpressions;

namespace AgentRag.Documents;

/// <summary>How the blocks of one programming language begin.</summary>
/// <param name="Block">Matches the first line of a block and names it; null for formats without named blocks.</param>
/// <param name="Prefixes">How lines begin that belong to the block below them: comments and attributes.</param>
internal sealed record CodeLanguage(Regex? Block, IReadOnlyList<string> Prefixes)
{
    private static readonly string[] Slashes = ["//", "/*", "*", "@", "["];
    private static readonly string[] Hashes = ["#", "@"];

    private static readonly CodeLanguage CSharp = Make(
        Slashes,
        @"^[ \t]*(?:(?:public|private|protected|internal|static|sealed|abstract|partial|readonly|unsafe|file|final|ref|data|open)[ \t]+)*"
        + @"(?:class|struct|interface|enum|object|record(?:[ \t]+(?:class|struct))?|@interface)[ \t]+(?<name>\w+)",
        @"^[ \t]+(?:(?:public|private|protected|internal|static|async|override|virtual|abstract|sealed|partial|extern|unsafe|final|synchronized|default|native)[ \t]+)+"
        + @"(?:[\w<>\[\],.?:() ]+[ \t]+)?(?<name>\w+)[ \t]*(?:<[\w, ]+>)?[ \t]*\(",
        @"^[ \t]*(?:(?:public|private|protected|internal|override|suspend|inline|open|abstract)[ \t]+)*fun[ \t]+(?:<[^>]*>[ \t]*)?(?<name>[\w.]+)");

    private static readonly CodeLanguage Python = Make(Hashes, @"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(?<name>\w+)");

    private static readonly CodeLanguage JavaScript = Make(
        Slashes,
        @"^[ \t]*(?:export[ \t]+)?(?:default[ \t]+)?(?:declare[ \t]+)?(?:async[ \t]+)?(?:abstract[ \t]+)?(?:function[ \t]*\*?|class|interface|enum|namespace)[ \t]+(?<name>[\w$]+)",
        @"^(?:export[ \t]+)?type[ \t]+(?<name>\w+)[^=]*=",
        @"^(?:export[ \t]+)?(?:const|let|var)[ \t]+(?<name>[\w$]+)[^=]*=[ \t]*(?:async[ \t]*)?(?:function\b|\([^()]*\)[^=]*=>|\w+[ \t]*=>)");

    private static readonly CodeLanguage Go = Make(Slashes, @"^func[ \t]+(?:\([^)]*\)[ \t]*)?(?<name>\w+)", @"^type[ \t]+(?<name>\w+)");

    private static readonly CodeLanguage Rust = Make(
        ["//", "/*", "*", "#["],
        @"^[ \t]*(?:pub(?:\([^)]*\))?[ \t]+)?(?:(?:async|unsafe|const|default|extern(?:[ \t]+""\w+"")?)[ \t]+)*(?:fn|struct|enum|trait|union|mod|macro_rules!)[ \t]+(?<name>\w+)",
        @"^(?:unsafe[ \t]+)?impl\b(?<name>[^{]*)");

    private static readonly CodeLanguage C = Make(
        Slashes,
        @"^(?:typedef[ \t]+)?(?:template[ \t]*<[^>]*>[ \t]*)?(?:class|struct|enum(?:[ \t]+class)?|union|namespace)[ \t]+(?<name>[\w:]+)[^;()]*$",
        @"^[A-Za-z_][\w \t*&:<>,]*?[ \t*&](?<name>[\w:~]+)[ \t]*\([^;]*$");

    private static readonly CodeLanguage Shell = Make(["#"], @"^(?:function[ \t]+)?(?<name>[\w:-]+)[ \t]*\([ \t]*\)", @"^function[ \t]+(?<name>[\w:-]+)");

    private static readonly CodeLanguage Sql = Make(
        ["--", "/*", "*"],
        @"^[ \t]*(?i:create|alter)[ \t]+(?i:or[ \t]+replace[ \t]+)?(?i:(?:temp|temporary|unique|materialized)[ \t]+)*"
        + @"(?i:table|view|function|procedure|index|trigger|type|schema)[ \t]+(?i:if[ \t]+not[ \t]+exists[ \t]+)?(?<name>[\w.""\[\]`]+)");

    private static readonly CodeLanguage Php = Make(
        [.. Slashes, "#"],
        @"^[ \t]*(?:(?:abstract|final|readonly|public|private|protected|static)[ \t]+)*(?:class|interface|trait|enum|function)[ \t]+&?(?<name>\w+)");

    private static readonly CodeLanguage Ruby = Make(["#"], @"^[ \t]*(?:class|module|def)[ \t]+(?<name>[\w.:?!=]+)");

    private static readonly CodeLanguage Swift = Make(
        Slashes,
        @"^[ \t]*(?:(?:public|private|internal|open|fileprivate|static|final|override|mutating)[ \t]+)*(?:class|struct|enum|protocol|extension|actor|func)[ \t]+(?<name>\w+)");

    private static readonly CodeLanguage Tables = Make(["#"], @"^\[+(?<name>[^\]]+)\]");
    private static readonly CodeLanguage Yaml = Make(["#"], @"^(?<name>[\w./-]+):[ \t]*$");
    private static readonly CodeLanguage Plain = new(null, []);

    private static readonly Dictionary<string, CodeLanguage> ByExtension = Map(
        (CSharp, ".cs .java .kt .scala"),
        (Python, ".py .pyi"),
        (JavaScript, ".js .mjs .cjs .jsx .ts .mts .tsx"),
        (Go, ".go"),
        (Rust, ".rs"),
        (C, ".c .cc .cpp .cxx .h .hh .hpp"),
        (Shell, ".sh .bash .zsh"),
        (Sql, ".sql"),
        (Php, ".php"),
        (Ruby, ".rb"),
        (Swift, ".swift"),
        (Tables, ".toml .ini .cfg"),
        (Yaml, ".yaml .yml"),
        (Plain, ".json .xml .css .proto .tf .ps1 .lua .r"));

    /// <summary>The extensions of all languages.</summary>
    public static IReadOnlyCollection<string> Extensions => ByExtension.Keys;

    /// <summary>The language of a file.</summary>
    public static CodeLanguage For(string path) => ByExtension.GetValueOrDefault(Path.GetExtension(path), Plain);

    // Non-backtracking: linear in the text, whatever somebody wrote into a line.
    private static CodeLanguage Make(IReadOnlyList<string> prefixes, params string[] patterns) => new(
        new(
            string.Join('|', patterns.Select(pattern => $"(?:{pattern})")),
            RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(10)),
        prefixes);

    private static Dictionary<string, CodeLanguage> Map(params (CodeLanguage Language, string Extensions)[] languages) => languages
        .SelectMany(language => language.Extensions.Split(' ').Select(extension => (extension, language.Language)))
        .ToDictionary(pair => pair.extension, pair => pair.Language, StringComparer.OrdinalIgnoreCase);
}

using AgentRag.Allocation.Routing;
using AgentRag.Answering.Rewriting;
using AgentRag.Prompting;

namespace AgentRag.Cli.Configuration;

/// <summary>The settings of how a question is put, shown and judged, beside the strategy itself.</summary>
internal sealed record StrategySettings
{
    public static readonly SettingKey<PassageOrder> OrderKey = new(
        "order", "NAME", $"How passages stand in prompts: {string.Join(", ", PromptLayout.OrderNames)} (default: {PromptLayout.OrderNames[0]}).",
        PromptLayout.Default.Order, PromptLayout.ParseOrder);

    public static readonly SettingKey<BatchLayout> LayoutKey = new(
        "layout", "NAME",
        $"{PromptLayout.BatchNames[0]} (default: new passages behind the old ones, so that servers can cache what came before) or {PromptLayout.BatchNames[1]} (the paper's order).",
        PromptLayout.Default.Batches, PromptLayout.ParseBatches);

    public static readonly SettingKey<QuestionPlace> QuestionPlaceKey = new(
        "questionPlace", "NAME", $"Where the question stands: {PromptLayout.QuestionNames[0]} the passages (default) or {PromptLayout.QuestionNames[1]} them, in worked examples too.",
        PromptLayout.Default.Question, PromptLayout.ParseQuestion);

    public static readonly SettingKey<QueryRewriting> RewritingKey = new(
        "rewriting", "NAME", $"How the question is put for the first retrieval: {string.Join(", ", Rewritings)} (default: none). One request more.", QueryRewriting.None,
        ParseRewriting);

    public static readonly SettingKey<string?> DocumentLanguageKey = new(
        "documentLanguage", "NAME", "The language of the documents, such as English: keywords and searches are asked for in it (default: the question's).", null, SettingText.Text);

    public static readonly SettingKey<string?> AssistantKey = new(
        "assistant", "NAME|FILE",
        "Answer as an assistant with rules of its own, in one pass: arxiv, legal, or a prompt file. Takes the place of --strategy.",
        null, SettingText.Text)
    { FromFolder = SettingPath.OrAssistant };

    public static readonly SettingKey<bool> ComplexityByModelKey = new(
        "complexityByModel", "on|off", $"Let the model sort questions for --strategy {RoutedAnswerer.Name}, by one short request, instead of signal words (default: on).", true, SettingText.Switch);

    public static readonly SettingKey<bool> QualityByModelKey = new(
        "qualityByModel", "on|off", $"Let the model grade answers for --strategy {EscalatingAnswerer.Name} instead of their citations (default: off).", false, SettingText.Switch);

    public static readonly SettingKey<double> QualityThresholdKey = new(
        "qualityThreshold", "Q", $"{EscalatingAnswerer.Name} goes on to the next larger tier below this grade, above 0 to 1 (default: 0.5).",
        new RoutingOptions().QualityThreshold,
        text => SettingText.Positive(text) is var grade and <= 1 ? grade : throw new AgentRagException($"'{text}' is no grade: a number above 0 and at most 1 is expected, such as 0.5"));

    public static IReadOnlyList<SettingKey> OfLayout { get; } = [OrderKey, LayoutKey, QuestionPlaceKey];

    public static IReadOnlyList<SettingKey> OfRouting { get; } = [ComplexityByModelKey, QualityByModelKey, QualityThresholdKey];

    public static IReadOnlyList<SettingKey> All { get; } = [.. OfLayout, RewritingKey, DocumentLanguageKey, AssistantKey, .. OfRouting];

    public required Setting<PassageOrder> Order { get; init; }

    public required Setting<BatchLayout> Layout { get; init; }

    public required Setting<QuestionPlace> QuestionPlace { get; init; }

    /// <summary>Where passages and question stand in prompts.</summary>
    public PromptLayout PromptLayout => new() { Order = Order.Value, Batches = Layout.Value, Question = QuestionPlace.Value };

    public required Setting<QueryRewriting> Rewriting { get; init; }

    public required Setting<string?> DocumentLanguage { get; init; }

    public required Setting<string?> Assistant { get; init; }

    public required Setting<bool> ComplexityByModel { get; init; }

    public required Setting<bool> QualityByModel { get; init; }

    public required Setting<double> QualityThreshold { get; init; }

    /// <summary>What <c>doctor</c> shows.</summary>
    public IEnumerable<(string Name, string Value, string Source)> Rows =>
    [
        (OrderKey.Name, PromptLayout.OrderNames[(int)Order.Value], Order.Source),
        (LayoutKey.Name, PromptLayout.BatchNames[(int)Layout.Value], Layout.Source),
        (QuestionPlaceKey.Name, PromptLayout.QuestionNames[(int)QuestionPlace.Value], QuestionPlace.Source),
        (RewritingKey.Name, Rewritings[(int)Rewriting.Value], Rewriting.Source),
        (DocumentLanguageKey.Name, DocumentLanguage.Value ?? "as asked", DocumentLanguage.Source),
        (AssistantKey.Name, Assistant.Value ?? "none", Assistant.Source),
        (ComplexityByModelKey.Name, ComplexityByModel.Value ? "on" : "off", ComplexityByModel.Source),
        (QualityByModelKey.Name, QualityByModel.Value ? "on" : "off", QualityByModel.Source),
        (QualityThresholdKey.Name, FormattableString.Invariant($"{QualityThreshold.Value}"), QualityThreshold.Source),
    ];

    // In the order of the enumeration.
    private static string[] Rewritings => ["none", "keywords", "multi-query"];

    private static QueryRewriting ParseRewriting(string text) =>
        Array.FindIndex(Rewritings, name => name.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase)) is >= 0 and var found
            ? (QueryRewriting)found
            : throw new AgentRagException($"there is no rewriting '{text}': use {string.Join(", ", Rewritings)}");

    public static StrategySettings Read(SettingSources sources) => new()
    {
        Order = OrderKey.Read(sources),
        Layout = LayoutKey.Read(sources),
        QuestionPlace = QuestionPlaceKey.Read(sources),
        Rewriting = RewritingKey.Read(sources),
        DocumentLanguage = DocumentLanguageKey.Read(sources),
        Assistant = AssistantKey.Read(sources),
        ComplexityByModel = ComplexityByModelKey.Read(sources),
        QualityByModel = QualityByModelKey.Read(sources),
        QualityThreshold = QualityThresholdKey.Read(sources),
    };
}

using System.Globalization;
using AgentRag.Answering;
using AgentRag.Models;

namespace AgentRag.Cli.Configuration;

/// <summary>The settings that bound a question beside its tokens, and those of its steps.</summary>
internal sealed record AnsweringSettings
{
    public static readonly SettingKey<TimeSpan?> DeadlineKey = new(
        "deadline", "SECONDS", "Longest time for one question (default: none). Steps end after three quarters of it.", null, Seconds);

    public static readonly SettingKey<int?> MaxCallsKey = new(
        "maxCalls", "N", "Most requests to the model for one question, the final answer among them (default: none).", null, text => SettingText.Count(text));

    public static readonly SettingKey<decimal?> MaxCostKey = new(
        "maxCost", "AMOUNT", "Most money for one question, in the currency of --prices (default: none).", null, Amount);

    public static readonly SettingKey<string?> PricesKey = new(
        "prices", "FILE", "What models cost, as JSON: {\"gpt-4o-mini\": {\"input\": 0.15, \"cachedInput\": 0.075, \"output\": 0.6}}, per million tokens.", null, SettingText.Text)
    { FromFolder = SettingPath.One };

    public static readonly SettingKey<StepControl> StepControlKey = new(
        "stepControl", "HOW", $"How the model is held to one line per step: {string.Join(", ", StepControls)} (default: auto).", Models.StepControl.Auto, Control);

    public static readonly SettingKey<bool> SufficiencyCheckKey = new(
        "sufficiencyCheck", "on|off", "Ask before each step if what is held is enough, and end the steps then (default: off: it costs requests and answers).", false, SettingText.Switch);

    public static readonly SettingKey<int?> AgreeingDraftsKey = new(
        "agreeingDrafts", "N", "Ask for a draft of the answer before each step, and end the steps when N drafts in a row agree, at least 2 (default: no drafts: they cost requests and answers).", null,
        text => SettingText.Count(text) is var drafts and >= 2 ? drafts : throw new AgentRagException($"'{text}' drafts cannot agree: at least 2 are needed."));

    public static IReadOnlyList<SettingKey> OfBudget { get; } = [DeadlineKey, MaxCallsKey, MaxCostKey, PricesKey];

    public static IReadOnlyList<SettingKey> OfStopRules { get; } = [SufficiencyCheckKey, AgreeingDraftsKey];

    public static IReadOnlyList<SettingKey> All { get; } = [.. OfBudget, StepControlKey, .. OfStopRules];

    public required Setting<TimeSpan?> Deadline { get; init; }

    public required Setting<int?> MaxCalls { get; init; }

    public required Setting<decimal?> MaxCost { get; init; }

    public required Setting<string?> Prices { get; init; }

    public required Setting<StepControl> StepControl { get; init; }

    public required Setting<bool> SufficiencyCheck { get; init; }

    public required Setting<int?> AgreeingDrafts { get; init; }

    public StopRules StopRules => new() { ChecksSufficiency = SufficiencyCheck.Value, AgreeingDrafts = AgreeingDrafts.Value };

    /// <summary>The price table.</summary>
    /// <exception cref="AgentRagException">Its file cannot be used.</exception>
    public PriceTable PriceTable => Prices.Value is { } file ? PriceTable.Load(file) : PriceTable.Empty;

    /// <summary>What <c>doctor</c> shows.</summary>
    public IEnumerable<(string Name, string Value, string Source)> Rows =>
    [
        (DeadlineKey.Name, Deadline.Value is { } deadline ? $"{deadline.TotalSeconds:0.###} s" : "none", Deadline.Source),
        (MaxCallsKey.Name, MaxCalls.Value is { } calls ? $"{calls:N0}" : "none", MaxCalls.Source),
        (MaxCostKey.Name, MaxCost.Value is { } cost ? $"{cost}" : "none", MaxCost.Source),
        (PricesKey.Name, Prices.Value ?? "none", Prices.Source),
        (StepControlKey.Name, StepControls[(int)StepControl.Value], StepControl.Source),
        (SufficiencyCheckKey.Name, SufficiencyCheck.Value ? "on" : "off", SufficiencyCheck.Source),
        (AgreeingDraftsKey.Name, AgreeingDrafts.Value is { } drafts ? $"{drafts}" : "none", AgreeingDrafts.Source),
    ];

    // In the order of the enumeration.
    private static string[] StepControls => ["auto", "json-schema", "regex", "grammar", "stop", "none"];

    public static AnsweringSettings Read(SettingSources sources) => new()
    {
        Deadline = DeadlineKey.Read(sources),
        MaxCalls = MaxCallsKey.Read(sources),
        MaxCost = MaxCostKey.Read(sources),
        Prices = PricesKey.Read(sources),
        StepControl = StepControlKey.Read(sources),
        SufficiencyCheck = SufficiencyCheckKey.Read(sources),
        AgreeingDrafts = AgreeingDraftsKey.Read(sources),
    };

    private static TimeSpan? Seconds(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var seconds)
        && seconds is > 0 and <= 86_400
            ? TimeSpan.FromSeconds(seconds)
            : throw new AgentRagException($"'{text}' is no time: write it in seconds, above 0 and at most 86,400, such as 30.");

    private static decimal? Amount(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var amount) && amount > 0
            ? amount
            : throw new AgentRagException($"'{text}' is no amount of money: write it as a number above 0, such as 0.05.");

    private static StepControl Control(string text) =>
        Array.FindIndex(StepControls, name => name.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase)) is >= 0 and var found
            ? (StepControl)found
            : throw new AgentRagException($"There is no step control '{text}': use one of {string.Join(", ", StepControls)}.");
}

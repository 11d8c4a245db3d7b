using System.CommandLine;
using System.Globalization;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Evaluation.Runs;
using AgentRag.Fitting;

namespace AgentRag.Cli.Commands;

/// <summary>The flags of <c>evaluate</c>: settings of answering that take several values here, and those of the run.</summary>
internal static class EvaluationArguments
{
    public static readonly Option<string?> Strategy = new("--strategy")
    {
        HelpName = "NAMES",
        Description = $"{string.Join(", ", Allocation.Routing.Strategies.Names)}, {string.Join(", ", RunConfiguration.EarlyStops)}; several with commas, or all, which leaves the early stops out (default: {IterDragAnswerer.Name}).",
    };

    public static readonly Option<string?> Ks = new("--k") { HelpName = "K,...", Description = "Passages per retrieval: 5, or a grid such as 0,1,2,5,10 (default: 5)." };

    public static readonly Option<string?> Ms = new("--m") { HelpName = "M,...", Description = "Demonstrations, one or several with commas (default: 2)." };

    public static readonly Option<string?> Ns = new("--n") { HelpName = "N,...", Description = "Iterations at most, one or several with commas (default: 5)." };

    public static readonly Option<string?> Budgets = new("--budget")
    {
        HelpName = "TOKENS,...",
        Description = "Most input tokens over all requests of a question, one or several with commas: 16k,128k (default: 65,536).",
    };

    public static readonly Option<string?> Baselines = new("--baselines")
    {
        HelpName = "NAMES",
        Description = "Measure these too: zero-shot (the question alone), no-retrieval (demonstrations without passages), gold (the labelled supporting passages), all, or none (default).",
    };

    public static readonly Option<bool> NoProbes = new("--no-probes")
    {
        Description = "Leave out the probes. A grid of several values also measures (k, m, n) = (0, 0, 1), (1, 0, 1) and (0, 1, 1) for each strategy: 'agentrag fit' needs them.",
    };

    public static readonly Option<string?> DataSet = new("--data-set") { HelpName = "NAME", Description = "Name of the data set (default: told by the file's format or name)." };

    public static readonly Option<int?> Limit = Flags.Number<int>("--limit", "N", "Only the first N questions.");

    public static readonly Option<int?> Sample = Flags.Number<int>("--sample", "N", "Only N questions, drawn at random by --seed.");

    public static readonly Option<int?> Seed = Flags.Number<int>("--seed", "S", "Seeds samples, intervals and tests; another seed is another run (default: 1).");

    public static readonly Option<string?> Run = new("--run")
    {
        HelpName = "DIR",
        Description = "Folder of the run; one that is there is gone on with (default: agentrag-runs/ and a name made of data set and settings).",
    };

    public static readonly Option<int?> Parallel = Flags.Number<int>("--parallel", "N", "Questions under way at once (default: 1).");

    public static readonly Option<int?> RequestsPerMinute = Flags.Number<int>("--requests-per-minute", "N", "Most requests to the model per minute (default: no limit).");

    public static readonly Option<double?> PriceInput = Flags.Number<double>("--price-input", "USD", "Price of a million input tokens (default: by --prices).");

    public static readonly Option<double?> PriceCached = Flags.Number<double>("--price-cached-input", "USD", "Price of a million input tokens from the provider's cache (default: as input).");

    public static readonly Option<double?> PriceOutput = Flags.Number<double>("--price-output", "USD", "Price of a million output tokens (default: by --prices).");

    public static readonly Option<double?> CostLimit = Flags.Number<double>("--limit-cost", "USD", "Begin nothing new once the run has cost this much in all; needs prices.");

    public static readonly Option<bool> RetryFailed = new("--retry-failed") { Description = "Ask again what failed." };

    public static readonly Option<string?> Judge = new("--judge") { HelpName = "MODEL", Description = $"Also have MODEL judge the answers: a metric of its own. Key at a server of its own: {Configuration.Settings.JudgeKeyVariable}, or the provider's." };

    public static readonly Option<string?> JudgeBaseUrl = new("--judge-base-url") { HelpName = "URL", Description = "The judge's server (default: that of --base-url)." };

    public static readonly Option<string?> JudgePrompt = new("--judge-prompt") { HelpName = "FILE", Description = "How the judge is asked (default: the shipped prompts/judge.yaml)." };

    public static readonly Option<string?> Replay = new("--replay") { HelpName = "RUN", Description = "Score a recorded run again, without a model." };

    public static readonly Option<string?> Output = new("--output") { HelpName = "FILE", Description = "Also write the JSON lines to FILE, whole or not at all." };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Option> All { get; } =
    [
        Strategy, Ks, Ms, Ns, Budgets, Baselines, NoProbes, DataSet, Limit, Sample, Seed, Run, Parallel, RequestsPerMinute, PriceInput, PriceCached, PriceOutput, CostLimit,
        RetryFailed, Judge, JudgeBaseUrl, JudgePrompt, Replay, Output,
    ];

    /// <summary>The settings that the command takes as they are.</summary>
    public static IReadOnlyList<SettingKey> Settings { get; } =
        [
            SettingKeys.ContextWindow, SettingKeys.ReservedAnswerTokens, .. AnsweringSettings.OfBudget, .. SettingKeys.OfTokens, .. SettingKeys.OfModel, SettingKeys.Index,
            .. SettingKeys.OfRetrieval, .. SettingKeys.OfDemonstrations, .. AnsweringSettings.OfStopRules, .. StrategySettings.OfLayout,
            StrategySettings.DocumentLanguageKey, .. StrategySettings.OfRouting, .. SettingKeys.OfCache,
        ];

    /// <summary>The grid that was asked for; what no flag says is as the settings say.</summary>
    /// <exception cref="AgentRagException">A value is none.</exception>
    public static RunGrid Grid(ParseResult parsed, Settings settings) => new()
    {
        Strategies = Strategies(parsed.GetValue(Strategy) ?? settings.Strategy.Value),
        Ks = Several(parsed, Ks, SettingText.Count) ?? [settings.K.Value],
        Ms = Several(parsed, Ms, SettingText.Count) ?? [settings.M.Value],
        Ns = Several(parsed, Ns, SettingText.Count) ?? [settings.N.Value],
        BudgetTokens = Several(parsed, Budgets, SettingText.Tokens) ?? [settings.Budget.Value],
        Baselines = BaselinesOf(parsed.GetValue(Baselines) ?? "none"),
    };

    /// <summary>The configurations of a grid, and the probes that tell what one passage and one demonstration are worth (paper section 5.1).</summary>
    /// <remarks>A grid of one θ is measured for itself, not to be fitted: it gets no probes.</remarks>
    public static IReadOnlyList<RunConfiguration> Configurations(ParseResult parsed, RunGrid grid)
    {
        var configurations = grid.Configurations();
        return parsed.GetValue(NoProbes) || grid.Ks.Count * grid.Ms.Count * grid.Ns.Count == 1
            ? configurations
            :
            [
                .. configurations.Concat(
                    from strategy in grid.Strategies.Where(Answerers.Names.Contains)
                    from parameters in ProbeGrid.For(strategy)
                    select RunConfiguration.Create(strategy, parameters, grid.BudgetTokens.Max())).Distinct(),
            ];
    }

    /// <summary>How the run goes about its work.</summary>
    /// <exception cref="AgentRagException">A value is out of range, or a price is missing.</exception>
    public static EvaluationRunOptions Options(ParseResult parsed, Settings settings)
    {
        var (input, output) = (parsed.GetValue(PriceInput), parsed.GetValue(PriceOutput));
        if (input is null != output is null)
        {
            throw new AgentRagException("--price-input and --price-output belong together: give both.");
        }

        var prices = input is { } i && output is { } o ? new RunPrices(i, parsed.GetValue(PriceCached) ?? i, o)
            : settings.Answering.PriceTable.Find($"{settings.Model.Value}") is { } known ? RunPrices.From(known)
            : null;
        var limit = parsed.GetValue(CostLimit);
        if (limit is not null && prices is null)
        {
            throw new AgentRagException(string.Create(
                CultureInfo.InvariantCulture,
                $"--limit-cost {limit} needs --price-input and --price-output, or --prices with the price of '{settings.Model.Value}': nothing else tells what a request costs."));
        }

        return new EvaluationRunOptions
        {
            Parallel = parsed.GetValue(Parallel) ?? 1,
            RequestsPerMinute = parsed.GetValue(RequestsPerMinute),
            Prices = prices,
            CostLimit = limit,
            RetryFailed = parsed.GetValue(RetryFailed),
        }.Validated();
    }

    private static IReadOnlyList<string> Strategies(string text)
    {
        if (text == "all")
        {
            return Allocation.Routing.Strategies.Names;
        }

        var names = Parts(text);
        List<string> known = [.. Allocation.Routing.Strategies.Names, .. RunConfiguration.EarlyStops];
        var problem = names.Count == 0 ? $"'{text}' names no strategy"
            : names.Find(name => !known.Contains(name)) is { } stranger ? $"There is no strategy '{stranger}'"
            : null;
        return problem is null
            ? names
            : throw new AgentRagException($"{problem}: use one of {string.Join(", ", known)}, several with commas, or all.");
    }

    private static RunBaselines BaselinesOf(string text) => Parts(text).Aggregate(RunBaselines.None, (all, name) => all | name switch
    {
        "none" => RunBaselines.None,
        "zero-shot" => RunBaselines.ZeroShot,
        "no-retrieval" => RunBaselines.NoRetrieval,
        "gold" => RunBaselines.GoldPassages,
        "all" => RunBaselines.All,
        _ => throw new AgentRagException($"There is no baseline '{name}': use zero-shot, no-retrieval, gold, several with commas, all, or none."),
    });

    private static List<T>? Several<T>(ParseResult parsed, Option<string?> option, Func<string, T> parse)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        try
        {
            return Parts(text) is { Count: > 0 } parts ? [.. parts.Select(parse).Distinct()] : throw new AgentRagException($"'{text}' holds no value.");
        }
        catch (AgentRagException e)
        {
            throw new AgentRagException($"{option.Name}: {e.Message}", e);
        }
    }

    private static List<string> Parts(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
}

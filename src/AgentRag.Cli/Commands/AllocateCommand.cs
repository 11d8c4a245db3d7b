using System.CommandLine;
using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Decoding.Chat;
using AgentRag.Evaluation;
using AgentRag.Fitting;
using AgentRag.Retrieval;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag allocate</c>: says which parameters to buy with a budget, or for an accuracy.</summary>
internal static class AllocateCommand
{
    private const string PublishedCoefficients = "published";

    private static readonly Option<double?> TargetAccuracy = Flags.Number<double>(
        "--target-accuracy", "X", "The cheapest parameters whose Accuracy (or --metric) reaches X, in (0, 1], instead of the best for a budget.");

    private static readonly Option<bool> Explain = new("--explain") { Description = "Show what was considered, measured, predicted and capped." };

    private static readonly Option<string?> DataSet = new("--data-set") { HelpName = "NAME", Description = "Go by what was measured on this data set. Default: by all, in the mean." };

    private static readonly Option<string?> Metric = new("--metric") { HelpName = "NAME", Description = "exactMatch, f1 or accuracy (default: accuracy)." };

    private static readonly Option<string?> Predict = new("--predict") { HelpName = "K,M,N", Description = "Only predict these parameters." };

    private static readonly Option<string?> GivenInformativeness = new("--informativeness")
    {
        HelpName = "DOC,SHOT",
        Description = "What the first passage and the first demonstration bring, in z. Default: what was measured; 0,0 with published coefficients.",
    };

    private static readonly Option<string?> Coefficients = new("--coefficients")
    {
        HelpName = "NAME",
        Description = $"{PublishedCoefficients}: those of Gemini 1.5 Flash, even when an allocation model is set.",
    };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "allocate",
            "Say how to spend a token budget: strategy, passages (k), demonstrations (m), iterations (n).",
            "Uses the allocation model that you fitted, or the published one for Gemini 1.5 Flash, with the token sizes of your index, or the paper's when nothing is indexed.",
            "agentrag allocate --budget 32k",
            "agentrag allocate --budget 1M --context-window 1M --json",
            "agentrag allocate --budget 128k --allocation-model model.json --explain",
            "agentrag allocate --target-accuracy 0.6 --allocation-model model.json",
            "agentrag allocate --predict 10,4,1 --coefficients published --json")
        {
            TargetAccuracy, Explain, DataSet, Metric, Predict, GivenInformativeness, Coefficients, Flags.Json,
        };
        SettingKeys.AddTo(
            command,
            [
                .. SettingKeys.OfBudget, SettingKeys.AllocationModel, SettingKeys.Index, .. SettingKeys.OfRetrieval, SettingKeys.Demonstrations, SettingKeys.Prompts, SettingKeys.Model,
                SettingKeys.Strategy,
            ]);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        // No model is asked, so no key is needed: the sizes are those of the prompts.
        var asked = Settings.Read(parsed);
        var settings = asked with { Model = new(Models.ModelName.Extractive, Setting<string>.Default), Predictions = asked.Predictions.WithoutDrafts() };
        using var composition = new Composition(settings);
        var model = parsed.GetValue(Coefficients) switch
        {
            null => await composition.AllocationModelAsync(cancellationToken),
            PublishedCoefficients => AllocationModel.Published,
            var other => throw new AgentRagException($"--coefficients: '{other}' is not known; use {PublishedCoefficients}, or name your own with --allocation-model FILE."),
        };
        var informativeness = parsed.GetValue(GivenInformativeness) is { } text ? ReadInformativeness(text) : null;
        if (parsed.GetValue(Predict) is { } triple)
        {
            return WritePrediction(terminal, parsed, model, settings.Strategy.Value, ReadParameters(triple), informativeness);
        }

        var context = await composition.AnsweringAsync(cancellationToken);
        if (asked.Model.Value is { Provider: Models.ModelName.GgufProvider, Name: var file } && (asked.Tokenizer.IsDefault || asked.ContextWindow.IsDefault) && File.Exists(file))
        {
            // As its requests will be counted and bounded; of the file the metadata alone is read.
            var counter = LocalTokenCounter.Open(file);
            context = asked.Tokenizer.IsDefault ? context with { TokenCounter = counter } : context;
            settings = asked.ContextWindow.IsDefault && counter.ContextTokens is { } window ? settings with { ContextWindow = new(window, Setting<int>.Default) } : settings;
        }

        var index = composition is { HasIndex: true, Index.PassageCount: > 0 } ? composition.Index : null;
        var sizes = await PromptCosts.MeasureAsync(context, index, composition.DemonstrationIndex, composition.Cache, cancellationToken);
        var warnings = model.MismatchesWith(ObservationFingerprints.Of(context, index) with
        {
            // A model file is known by its name, wherever it lies.
            Model = asked.Model.Value.Provider == Models.ModelName.GgufProvider ? Path.GetFileName(asked.Model.Value.Name) : asked.Model.Value.Name,
        });
        foreach (var warning in warnings)
        {
            terminal.WriteError($"warning: {warning}");
        }

        var target = parsed.GetValue(TargetAccuracy);
        var request = new AllocationRequest(
            // Whoever asks what an accuracy costs has no budget, unless one is named.
            target is not null && settings.Budget.IsDefault ? settings.Bounds with { MaxEffectiveContextTokens = long.MaxValue } : settings.Bounds,
            sizes)
        {
            Model = model,
            Informativeness = informativeness,
            DataSet = parsed.GetValue(DataSet),
            Metric = parsed.GetValue(Metric),
            // A strategy in the settings is what to ask with when nothing else is said; here it is the question.
            Strategy = settings.Strategy.Source == SettingKeys.Strategy.Option.Name ? settings.Strategy.Value : null,
            MaxK = Math.Min(index?.PassageCount ?? RetrievalQuery.MaxK, RetrievalQuery.MaxK),
            MaxM = context.Demonstrations.Count,
            MeasuredTokensHold = warnings.Count == 0,
        };
        var output = new AllocationText(terminal, settings, request, index is not null, warnings);
        if (target is { } wanted)
        {
            if (wanted is not (> 0 and <= 1))
            {
                throw new AgentRagException($"--target-accuracy is {wanted}, must be in (0, 1]: 60 % is 0.6.");
            }

            output.Write(BudgetAllocator.CheapestFor(request, wanted), parsed.GetValue(Flags.Json));
        }
        else
        {
            output.Write(BudgetAllocator.Allocate(request), parsed.GetValue(Flags.Json), parsed.GetValue(Explain));
        }

        return ExitCode.Success;
    }

    private static int WritePrediction(
        Terminal terminal, ParseResult parsed, AllocationModel model, string strategy, InferenceParameters parameters, Informativeness? informativeness)
    {
        var i = informativeness ?? model.InformativenessOf(strategy, parsed.GetValue(DataSet), parsed.GetValue(Metric));
        var predicted = model.Predict(strategy, parameters, i);
        if (parsed.GetValue(Flags.Json))
        {
            terminal.WriteJson(new { predicted.Linear, Predicted = predicted.Z, predicted.MeanInterval, predicted.PredictionInterval });
            return ExitCode.Success;
        }

        terminal.WriteLine(
            $"{strategy} with {parameters}: z {predicted.Z:0.000}" +
            (predicted.PredictionInterval is { } interval ? $", 95 % of measurements in {interval.Low:0.000} to {interval.High:0.000}" : "") +
            $" (linear part {predicted.Linear:0.000}; informativeness {i.Document:0.###}, {i.Demonstration:0.###}; coefficients of {model.Source})");
        return ExitCode.Success;
    }

    private static InferenceParameters ReadParameters(string text) => text.Split(',').Length == 3
        ? text.Split(',', StringSplitOptions.TrimEntries).Select(part => ListText.Counts("--predict", part)[0]).ToList() is [var k, var m, var n]
            ? new InferenceParameters(k, m, n).Validated()
            : throw new AgentRagException($"--predict: '{text}' is not K,M,N.")
        : throw new AgentRagException($"--predict: '{text}' is not K,M,N, such as 10,4,1.");

    private static Informativeness ReadInformativeness(string text) => ListText.Numbers("--informativeness", text) is [var document, var demonstration]
        ? new Informativeness(document, demonstration)
        : throw new AgentRagException($"--informativeness: '{text}' is not DOC,SHOT, such as 2,0.5.");
}

using AgentRag.Benchmarks.ColdStart;
using AgentRag.Benchmarks.Decoding;
using AgentRag.Benchmarks.Dense;
using AgentRag.Benchmarks.Fitting;
using AgentRag.Benchmarks.Lexical;
using AgentRag.Benchmarks.Linked;
using AgentRag.Benchmarks.Prompting;
using AgentRag.Benchmarks.Serving;
using AgentRag.Benchmarks.TokenCounting;
using BenchmarkDotNet.Running;

return args switch
{
    ["lexical", .. var rest] => LexicalBenchmark.Run(LexicalArguments.Parse(rest)),
    ["train-recall", .. var rest] => RecallCommand.Train(rest),
    ["recall", .. var rest] => RecallEvaluation.Run(rest),
    ["refrag", .. var rest] => RefragBenchmark.Run(rest),
    ["rapid", .. var rest] => RapidBenchmark.Run(rest),
    ["decoding", .. var rest] => DecodingBenchmark.Run(DecodingArguments.Parse(rest)),
    ["dense", .. var rest] => DenseBenchmark.Run(DenseArguments.Parse(rest)),
    ["linked", .. var rest] => LinkedBenchmark.RunAsync(LinkedArguments.Parse(rest)).GetAwaiter().GetResult(),
    ["linked-queries", var engine, var index, var questions] => LinkedQueries.RunAsync(engine, index, questions).GetAwaiter().GetResult(),
    ["tokens", .. var rest] => TokensBenchmark.Run(TokensArguments.Parse(rest)),
    ["packing", .. var rest] => PackingBenchmark.Run(TokensArguments.Parse(rest)),
    ["prefix-cache", .. var rest] => PrefixCacheBenchmark.RunAsync(PrefixCacheArguments.Parse(rest)).GetAwaiter().GetResult(),
    ["mcp-load", .. var rest] => LoadBenchmark.RunAsync(LoadArguments.Parse(rest)).GetAwaiter().GetResult(),
    ["cold-start", .. var rest] => ColdStartBenchmark.Run(ColdStartArguments.Parse(rest)),
    ["host-session", .. var rest] => HostSession.RunAsync(HostSessionArguments.Parse(rest)).GetAwaiter().GetResult(),
    ["fitting"] => FittingBenchmark.Run(),
    ["lexical-queries", var corpus, var index, var queries] => QueryMeasurement.Run(corpus, index, int.Parse(queries)),
    _ => RunSwitcher(args),
};

static int RunSwitcher(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
    return 0;
}

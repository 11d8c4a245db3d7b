namespace AgentRag.Benchmarks.Serving;

/// <summary>What <c>mcp-load</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record LoadArguments
{
    public string Server { get; init; } = ServedProcess.BuiltProgram();

    public string? Index { get; init; }

    public string? Questions { get; init; }

    /// <summary>Calls in all; 0 when the time alone ends the run.</summary>
    public int Calls { get; init; } = 2_000;

    /// <summary>How long calls are made; zero when their number alone ends the run.</summary>
    public TimeSpan Time { get; init; }

    public int Clients { get; init; } = 8;

    /// <summary>Calls per second of all clients together; 0: each client calls again as soon as it has its reply.</summary>
    public double Rate { get; init; }

    public bool IsHttp { get; init; }

    /// <summary>host, chat or, with a server process for each client, both in turn.</summary>
    public string Answering { get; init; } = "both";

    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the memory is left out of the slope: caches fill, code is compiled.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromMinutes(5);

    public int Seed { get; init; } = 1;

    public static LoadArguments Parse(string[] args)
    {
        var parsed = new LoadArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--server" => parsed with { Server = args[++i] },
                "--index" => parsed with { Index = args[++i] },
                "--questions" => parsed with { Questions = args[++i] },
                "--calls" => parsed with { Calls = int.Parse(args[++i]) },
                "--minutes" => parsed with { Time = TimeSpan.FromMinutes(double.Parse(args[++i])), Calls = 0 },
                "--clients" => parsed with { Clients = int.Parse(args[++i]) },
                "--rate" => parsed with { Rate = double.Parse(args[++i]) },
                "--http" => parsed with { IsHttp = true },
                "--answering" => parsed with { Answering = args[++i] },
                "--sample-seconds" => parsed with { SampleInterval = TimeSpan.FromSeconds(double.Parse(args[++i])) },
                "--warm-up-minutes" => parsed with { WarmUp = TimeSpan.FromMinutes(double.Parse(args[++i])) },
                "--seed" => parsed with { Seed = int.Parse(args[++i]) },
                _ => throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args)),
            };
        }

        return parsed;
    }

    /// <summary>Whose model answers at one of the servers.</summary>
    public string AnsweringOf(int server) => Answering != "both" ? Answering : server % 2 == 0 ? "host" : "chat";
}

namespace AgentRag.Benchmarks.ColdStart;

/// <summary>What <c>cold-start</c> is asked to do; bench/README.md says what each argument means.</summary>
/// <param name="Rounds">How often each server is started.</param>
/// <param name="Servers">The servers by name: program and arguments. The first is what the others are compared with; length ≥ 1.</param>
internal sealed record ColdStartArguments(int Rounds, IReadOnlyList<(string Name, string Program, string[] Arguments)> Servers)
{
    public static ColdStartArguments Parse(string[] args)
    {
        var rounds = 40;
        List<(string, string, string[])> servers = [];
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--rounds")
            {
                rounds = int.Parse(args[++i]);
            }
            else if (args[i].Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } command] && command.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var program, .. var arguments])
            {
                servers.Add((name, program, arguments));
            }
            else
            {
                throw new ArgumentException($"'{args[i]}' is not known: NAME=\"PROGRAM ARGUMENTS\" is expected, see bench/README.md.", nameof(args));
            }
        }

        return servers.Count > 0 ? new(rounds, servers) : throw new ArgumentException("No server was named: see bench/README.md.", nameof(args));
    }
}

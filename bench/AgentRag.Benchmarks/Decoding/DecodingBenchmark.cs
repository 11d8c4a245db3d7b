using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics;
using System.Text.Json;
using AgentRag.Decoding.Kernels;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>Tokens per second of prefill and decoding, beside the bound that memory sets and, where a script is given, another engine on the same file.</summary>
internal static class DecodingBenchmark
{
    public static int Run(DecodingArguments arguments)
    {
        foreach (var name in arguments.Shapes)
        {
            var shape = ModelShapes.Named(name);
            var path = ModelFiles.Of(arguments.Data, name, shape, arguments.Type);
            Measure(arguments, name, path);
        }

        return 0;
    }

    private static void Measure(DecodingArguments arguments, string name, string path)
    {
        using var file = GgufFile.Open(path);
        var loading = Stopwatch.GetTimestamp();
        using var weights = new TransformerWeights(path, TransformerShape.From(file), file.Tensors, arguments.Threads);
        Console.WriteLine($"{name} {arguments.Type}: {file.Length / 1e6:0} MB, {weights.BytesPerToken / 1e6:0} MB read per token, "
            + $"packed in {Stopwatch.GetElapsedTime(loading).TotalSeconds:0.0} s, {arguments.Threads} threads, prompt of {arguments.PromptTokens}, {arguments.DecodedTokens} decoded");
        using var transformer = new Transformer(weights, new TransformerOptions { Threads = arguments.Threads });
        using var cache = new KeyValueCache(weights.Shape, arguments.PromptTokens + arguments.DecodedTokens + 1, CachePrecision.F32);

        // Engines take turns, so that other work on the machine meets them alike.
        List<Speeds> ours = [], peers = [];
        List<double> bandwidth = [];
        _ = Once(transformer, cache, arguments with { PromptTokens = 64, DecodedTokens = 4 });
        for (var round = 0; round < arguments.Rounds; round++)
        {
            bandwidth.Add(ReadBandwidth(arguments.Threads));
            ours.Add(Once(transformer, cache, arguments));
            if (arguments.Peer is not null)
            {
                peers.Add(Peer(arguments, path));
            }
        }

        var read = bandwidth.Max();
        Report("agentrag", ours, weights.BytesPerToken, read);
        if (peers.Count > 0)
        {
            Report("peer", peers, weights.BytesPerToken, read);
            Console.WriteLine($"  agentrag / peer, median over the rounds: prefill {Ratio(speeds => speeds.Prefill):0.00}, decode {Ratio(speeds => speeds.Decode):0.00}; "
                + $"per processor second: prefill {Ratio(speeds => speeds.PrefillProcessor):0.00}, decode {Ratio(speeds => speeds.DecodeProcessor):0.00}");
        }

        double Ratio(Func<Speeds, double> speed) => Median(ours.Zip(peers, (a, b) => speed(a) / speed(b)));
        Console.WriteLine($"  memory read by {arguments.Threads} threads: {Median(bandwidth) / 1e9:0.0} GB/s median, {read / 1e9:0.0} best");
    }

    private static Speeds Once(Transformer transformer, KeyValueCache cache, DecodingArguments arguments)
    {
        var random = new Random(2);
        int[] prompt = [.. Enumerable.Range(0, arguments.PromptTokens).Select(_ => random.Next(transformer.Weights.Shape.VocabularySize))];
        cache.Truncate(0);
        var (started, processor) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        transformer.Run(cache, prompt, 1);
        var (prefill, prefillProcessor) = (Stopwatch.GetElapsedTime(started), Environment.CpuUsage.TotalTime - processor);
        var token = new int[1];
        (started, processor) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        for (var i = 0; i < arguments.DecodedTokens; i++)
        {
            token[0] = Largest(transformer.Logits(0));
            transformer.Run(cache, token, 1);
        }

        var (decode, decodeProcessor) = (Stopwatch.GetElapsedTime(started), Environment.CpuUsage.TotalTime - processor);
        return new Speeds(
            arguments.PromptTokens / prefill.TotalSeconds, arguments.DecodedTokens / decode.TotalSeconds,
            arguments.PromptTokens / prefillProcessor.TotalSeconds, arguments.DecodedTokens / decodeProcessor.TotalSeconds);
    }

    private static int Largest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    // The script writes one line of JSON with the four speeds.
    private static Speeds Peer(DecodingArguments arguments, string path)
    {
        var start = new ProcessStartInfo("node") { UseShellExecute = false, RedirectStandardOutput = true, ArgumentList = { arguments.Peer!, path } };
        foreach (var number in (int[])[arguments.Threads, arguments.PromptTokens, arguments.DecodedTokens])
        {
            start.ArgumentList.Add(number.ToString(CultureInfo.InvariantCulture));
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{arguments.Peer} ended with {process.ExitCode}.");
        }

        using var json = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]);
        return new Speeds(Number("prefill"), Number("decode"), Number("prefillProcessor"), Number("decodeProcessor"));

        double Number(string name) => json.RootElement.GetProperty(name).GetDouble();
    }

    private static void Report(string engine, List<Speeds> rounds, long bytesPerToken, double read)
    {
        var (prefill, decode) = (rounds.Select(round => round.Prefill).ToList(), rounds.Select(round => round.Decode).ToList());
        var (prefillProcessor, decodeProcessor) = (rounds.Select(round => round.PrefillProcessor).ToList(), rounds.Select(round => round.DecodeProcessor).ToList());
        Console.WriteLine(
            $"  {engine}: prefill {Median(prefill):0.0} tokens/s median, {prefill.Max():0.0} best; decode {Median(decode):0.00} median, {decode.Max():0.00} best = {100 * decode.Max() * bytesPerToken / read:0} % of the memory's best; "
            + $"per processor second: prefill {Median(prefillProcessor):0.0}, {prefillProcessor.Max():0.0} best; decode {Median(decodeProcessor):0.00}, {decodeProcessor.Max():0.00} best");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>Bytes per second that all threads together read from memory: a loop of additions over 512 MiB.</summary>
    private static unsafe double ReadBandwidth(int threads)
    {
        using var buffer = new NativeBuffer<byte>(512L << 20);
        buffer.Slice(0, (int)buffer.Length).Fill(1);
        var best = 0.0;
        for (var pass = 0; pass < 3; pass++)
        {
            var started = Stopwatch.GetTimestamp();
            var share = buffer.Length / threads / 1_024 * 1_024;
            var sums = new ulong[threads * 16];
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread => sums[thread * 16] = Sum(buffer.Start + (thread * share), share));
            best = Math.Max(best, share * threads / Stopwatch.GetElapsedTime(started).TotalSeconds);
            GC.KeepAlive(sums);
        }

        return best;
    }

    private static unsafe ulong Sum(byte* bytes, long length)
    {
        var (a, b, c, d) = (Vector512<ulong>.Zero, Vector512<ulong>.Zero, Vector512<ulong>.Zero, Vector512<ulong>.Zero);
        for (var i = 0L; i < length; i += 256)
        {
            a += Vector512.Load((ulong*)(bytes + i));
            b += Vector512.Load((ulong*)(bytes + i + 64));
            c += Vector512.Load((ulong*)(bytes + i + 128));
            d += Vector512.Load((ulong*)(bytes + i + 192));
        }

        return Vector512.Sum(a + b + c + d);
    }

    /// <summary>Tokens per second, by the clock on the wall and by processor time of all threads.</summary>
    private sealed record Speeds(double Prefill, double Decode, double PrefillProcessor, double DecodeProcessor);
}

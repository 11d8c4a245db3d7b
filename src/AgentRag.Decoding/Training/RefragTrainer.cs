using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Training;

/// <summary>One text to learn from: tokens, chunks that may be compressed, tokens.</summary>
/// <param name="Before">Tokens in front, ≥ 1.</param>
/// <param name="Chunks">Chunks.</param>
/// <param name="IsCompressed">For each chunk whether it stands as one embedding.</param>
/// <param name="After">Tokens behind.</param>
/// <param name="IsLearned">For each of these whether it is to be predicted.</param>
internal sealed record RefragExample(IReadOnlyList<int> Before, IReadOnlyList<int[]> Chunks, IReadOnlyList<bool> IsCompressed, IReadOnlyList<int> After, IReadOnlyList<bool> IsLearned);

/// <summary>Trains decoder, encoder, projection and policy of small models (REFRAG's recipe, section 2.2 and appendix A).</summary>
/// <remarks>Results do not depend on the number of workers' timing: a batch is dealt out in a fixed way, and gradients are added in a fixed order. Not for concurrent use.</remarks>
internal sealed class RefragTrainer
{
    private readonly TrainedDecoder _decoder;
    private readonly RefragAdapter? _adapter;
    private readonly Gradients[] _gradients;
    private readonly List<Parameter> _all;

    /// <param name="decoder">The decoder.</param>
    /// <param name="adapter">The adapter; null while the decoder learns alone.</param>
    /// <param name="workers">Examples computed at a time, ≥ 1.</param>
    public RefragTrainer(TrainedDecoder decoder, RefragAdapter? adapter, int workers)
    {
        (_decoder, _adapter) = (decoder, adapter);
        _gradients = [.. Enumerable.Range(0, workers).Select(_ => new Gradients())];
        _all = [.. decoder.Parameters.All, .. adapter?.Parameters.All ?? []];
    }

    /// <summary>Learns from a batch.</summary>
    /// <param name="optimizer">Changes parameters.</param>
    /// <param name="batch">Examples, ≥ 1.</param>
    /// <param name="isTrained">Which parameters change.</param>
    /// <returns>The mean loss before the step.</returns>
    public double Step(AdamW optimizer, IReadOnlyList<RefragExample> batch, Func<Parameter, bool> isTrained)
    {
        var losses = new double[batch.Count];
        Deal(batch.Count, (example, gradients) =>
        {
            var tape = new Tape(gradients, isTrained);
            var (logits, targets) = Run(tape, batch[example]);
            losses[example] = tape.CrossEntropy(logits, targets, 1.0 / batch.Count);
            tape.Backward();
        });
        Update(optimizer);
        return losses.Average();
    }

    /// <summary>Mean −ln p of what is to be learned.</summary>
    public double Loss(RefragExample example)
    {
        var tape = new Tape();
        var (logits, targets) = Run(tape, example);
        return tape.CrossEntropy(logits, targets);
    }

    /// <summary>Share of the tokens to be learned that are the likeliest where they stand.</summary>
    public double Accuracy(IReadOnlyList<RefragExample> examples)
    {
        var shares = new double[examples.Count];
        Deal(examples.Count, (example, _) =>
        {
            var (logits, targets) = Run(new Tape(), examples[example]);
            var learned = Enumerable.Range(0, targets.Count).Where(row => targets[row] >= 0).ToList();
            shares[example] = learned.Average(row => TokenSampler.Largest(logits.Row(row)) == targets[row] ? 1.0 : 0);
        });
        return shares.Average();
    }

    /// <summary>One step of GRPO for the policy: several choices of chunks per example are judged by the answer's likelihood, against each other, with PPO's clipping.</summary>
    /// <param name="optimizer">Changes the policy alone.</param>
    /// <param name="batch">Examples; which chunks are compressed is the policy's choice.</param>
    /// <param name="options">The measures.</param>
    /// <param name="random">Draws choices.</param>
    /// <returns>The mean reward, −loss.</returns>
    public double PolicyStep(AdamW optimizer, IReadOnlyList<RefragExample> batch, GrpoOptions options, SeededNumbers random)
    {
        var adapter = _adapter ?? throw new InvalidOperationException("There is no adapter.");
        var choices = batch.Select(example =>
        {
            var scores = Scores(adapter, new Tape(), example).Value;
            return Enumerable.Range(0, options.Group).Select(_ => Expansion.Draw(scores, Expansion.Count(example.Chunks.Count, options.ExpandedShare), random)).ToArray();
        }).ToArray();
        var rewards = new double[batch.Count][];
        Deal(batch.Count, (example, _) => rewards[example] = [.. choices[example].Select(choice =>
            -Loss(batch[example] with { IsCompressed = [.. Enumerable.Range(0, batch[example].Chunks.Count).Select(chunk => !choice.Contains(chunk))] }))]);
        var before = new double[batch.Count][][];
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            var isFirst = epoch == 0;
            Deal(batch.Count, (example, gradients) =>
            {
                var tape = new Tape(gradients, RefragAdapter.IsPolicy);
                var scores = Scores(adapter, tape, batch[example]);
                before[example] = isFirst ? [.. choices[example].Select(choice => Expansion.LogProbabilities(scores.Value, choice))] : before[example];
                PutSlopes(scores, choices[example], before[example], Grpo.Advantages(rewards[example]), options, 1.0 / batch.Count);
                tape.Backward();
            });
            Update(optimizer);
        }

        return rewards.SelectMany(group => group).Average();
    }

    /// <summary>The chunks of an example that the policy would expand.</summary>
    /// <param name="example">The example.</param>
    /// <param name="count">How many.</param>
    public HashSet<int> Choose(RefragExample example, int count) =>
        Expansion.Highest([.. Scores(_adapter ?? throw new InvalidOperationException("There is no adapter."), new Tape(), example).Value.Select(score => (double)score)], count);

    /// <summary>Runs an example.</summary>
    /// <returns>Logits, and for each row the token to be learned there or −1.</returns>
    internal (Node Logits, List<int> Targets) Run(Tape tape, RefragExample example)
    {
        int[] tokens =
        [
            .. example.Before, .. Enumerable.Range(0, example.Chunks.Count).Where(chunk => !example.IsCompressed[chunk]).SelectMany(chunk => example.Chunks[chunk]),
            .. example.After.Take(example.After.Count - 1),
        ];
        var (embedded, next) = (_decoder.Embed(tape, tokens), 0);
        List<(Node, int)> rows = [];
        Take(example.Before.Count);
        for (var chunk = 0; chunk < example.Chunks.Count; chunk++)
        {
            if (example.IsCompressed[chunk])
            {
                rows.Add((_adapter!.Encode(tape, example.Chunks[chunk]), 0));
            }
            else
            {
                Take(example.Chunks[chunk].Length);
            }
        }

        var first = rows.Count - 1;
        Take(example.After.Count - 1);
        List<int> targets = [.. Enumerable.Range(0, rows.Count).Select(row => row >= first && example.IsLearned[row - first] ? example.After[row - first] : -1)];
        return (_decoder.Run(tape, tape.Stack(rows)), targets);

        void Take(int count)
        {
            for (var i = 0; i < count; i++)
            {
                rows.Add((embedded, next++));
            }
        }
    }

    // The objective is to rise, and optimizers descend: hence the minus.
    private static void PutSlopes(Node scores, List<int>[] choices, double[][] before, double[] advantages, GrpoOptions options, double share)
    {
        for (var g = 0; g < choices.Length; g++)
        {
            var now = Expansion.LogProbabilities(scores.Value, choices[g]);
            double[] weights = [.. now.Select((logarithm, pick) =>
                -share * Grpo.Clipped(logarithm, before[g][pick], advantages[g], options.Clip).Slope / (choices.Length * choices[g].Count))];
            Expansion.AddSlopes(scores.Value, choices[g], weights, scores.Gradient);
        }
    }

    private Node Scores(RefragAdapter adapter, Tape tape, RefragExample example)
    {
        var silent = new Tape();
        var chunks = new Node(example.Chunks.Count, adapter.Width);
        for (var chunk = 0; chunk < example.Chunks.Count; chunk++)
        {
            adapter.Encode(silent, example.Chunks[chunk]).Value.CopyTo(chunks.Row(chunk));
        }

        // The question is what stands behind the chunks without its answer.
        int[] question = [.. example.After.Where((_, place) => !example.IsLearned[place])];
        var (embedded, mean) = (_decoder.Embed(silent, question), new Node(1, adapter.Width));
        for (var row = 0; row < question.Length; row++)
        {
            VectorLoops.AddScaled(embedded.Row(row), 1f / question.Length, mean.Value);
        }

        return adapter.Score(tape, chunks, mean);
    }

    // Worker w takes examples w, w + workers, …
    private void Deal(int examples, Action<int, Gradients> work) => Parallel.For(0, _gradients.Length, new ParallelOptions { MaxDegreeOfParallelism = _gradients.Length }, worker =>
    {
        for (var example = worker; example < examples; example += _gradients.Length)
        {
            work(example, _gradients[worker]);
        }
    });

    private void Update(AdamW optimizer)
    {
        for (var worker = 1; worker < _gradients.Length; worker++)
        {
            _gradients[0].Add(_gradients[worker]);
            _gradients[worker].Clear();
        }

        optimizer.Step(_all, _gradients[0]);
    }
}

namespace AgentRag.Tokens.Calibration;

/// <summary>Finds what a chat template adds, from requests of different sizes and numbers of messages.</summary>
/// <remarks>
/// Least squares of reported = factor · counted + a · messages + b, in relative errors, as the error of an estimate grows with the text. The three are drawn
/// towards 1, 4 and 3, so that what the requests do not tell apart (all have two messages) stays near the usual.
/// </remarks>
internal static class TemplateFit
{
    // The weight of what is usual, against requests whose relative error is of the order of a few hundredths.
    private const double WeightOfFactor = 1e-2;
    private const double WeightOfTokens = 1e-4;

    public static ChatTemplateTokens Of(IReadOnlyCollection<CountedRequest> requests, int largest)
    {
        var usual = ChatTemplateTokens.Usual;
        double[] prior = [1, usual.PerMessage, usual.PerRequest];
        var matrix = new double[3, 4];
        for (var i = 0; i < 3; i++)
        {
            var weight = i == 0 ? WeightOfFactor : WeightOfTokens;
            matrix[i, i] = weight;
            matrix[i, 3] = weight * prior[i];
        }

        foreach (var request in requests)
        {
            double[] row = [request.Counted / (double)request.Reported, request.Messages / (double)request.Reported, 1.0 / request.Reported];
            for (var i = 0; i < 3; i++)
            {
                for (var j = 0; j < 3; j++)
                {
                    matrix[i, j] += row[i] * row[j];
                }

                matrix[i, 3] += row[i];
            }
        }

        var solved = Solve(matrix);
        return new ChatTemplateTokens(Rounded(solved[1]), Rounded(solved[2]));

        // Up, as counts are to err high; a template that is not fully told apart from the factor is corrected by the factor.
        int Rounded(double tokens) => (int)Math.Clamp(Math.Ceiling(tokens - 0.05), 0, largest);
    }

    /// <summary>Gauss with the largest pivot; the priors keep the matrix regular.</summary>
    private static double[] Solve(double[,] matrix)
    {
        for (var column = 0; column < 3; column++)
        {
            var pivot = Enumerable.Range(column, 3 - column).MaxBy(row => Math.Abs(matrix[row, column]));
            for (var j = 0; j < 4; j++)
            {
                (matrix[column, j], matrix[pivot, j]) = (matrix[pivot, j], matrix[column, j]);
            }

            for (var row = 0; row < 3; row++)
            {
                var share = row == column ? 0 : matrix[row, column] / matrix[column, column];
                for (var j = column; j < 4; j++)
                {
                    matrix[row, j] -= share * matrix[column, j];
                }
            }
        }

        return [.. Enumerable.Range(0, 3).Select(i => matrix[i, 3] / matrix[i, i])];
    }
}

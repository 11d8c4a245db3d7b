using AgentRag.Decoding.Training;
using Xunit;

namespace AgentRag.Decoding.Tests.Training;

public sealed class MatrixViewTests
{
    // Rows and columns around the sizes of registers and of blocks of rows; each factor as it is and transposed, and columns out of the middle of a wider matrix.
    [Theory]
    [InlineData(1, 1, 1), InlineData(4, 16, 16), InlineData(5, 3, 17), InlineData(7, 64, 117), InlineData(9, 8, 39), InlineData(13, 2, 7), InlineData(3, 0, 4)]
    public void Products_are_those_of_a_naive_loop_in_double_precision(int rows, int inner, int columns)
    {
        var random = new Random(rows + inner + columns);
        foreach (var turnsA in (bool[])[false, true])
        {
            foreach (var turnsB in (bool[])[false, true])
            {
                var (a, b, c) = (Numbers(rows * inner), Numbers(inner * columns), Numbers(rows * (columns + 5)));
                var before = (float[])c.Clone();
                var aView = turnsA ? MatrixView.Of(a, inner, rows).Transposed : MatrixView.Of(a, rows, inner);
                var bView = turnsB ? MatrixView.Of(b, columns, inner).Transposed : MatrixView.Of(b, inner, columns);
                MatrixView.Of(c, rows, columns + 5).ColumnsFrom(2, columns).AddProduct(aView, bView);
                for (var row = 0; row < rows; row++)
                {
                    for (var column = 0; column < columns + 5; column++)
                    {
                        var expected = (double)before[(row * (columns + 5)) + column];
                        for (var k = 0; column >= 2 && column < columns + 2 && k < inner; k++)
                        {
                            expected += (double)(turnsA ? a[(k * rows) + row] : a[(row * inner) + k]) * (turnsB ? b[((column - 2) * inner) + k] : b[(k * columns) + column - 2]);
                        }

                        Assert.Equal(expected, c[(row * (columns + 5)) + column], 1e-4);
                    }
                }
            }
        }

        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((2 * random.NextDouble()) - 1))];
    }

    [Fact]
    public void Matrices_that_do_not_fit_are_an_error() =>
        Assert.Throws<ArgumentException>(() => MatrixView.Of(new float[4], 2, 2).AddProduct(MatrixView.Of(new float[6], 2, 3), MatrixView.Of(new float[4], 2, 2)));
}

using AgentRag.Models;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class PriceTableTests
{
    private const string Json = """{"gpt-4o-mini": {"input": 0.15, "cachedInput": 0.075, "output": 0.6}, "anthropic:claude": {"input": 3, "output": 15},}""";

    [Theory]
    [InlineData("gpt-4o-mini")]
    [InlineData("GPT-4o-mini")]
    [InlineData("openai:gpt-4o-mini")]
    public void A_model_is_found_with_and_without_its_provider(string model) =>
        Assert.Equal(new ModelPrice(0.15m, 0.6m, 0.075m), PriceTable.Parse(Json, "prices.json").Find(model));

    [Fact]
    public void A_provider_in_the_table_may_be_left_out_when_asking() => Assert.Equal(new ModelPrice(3, 15), PriceTable.Parse(Json, "prices.json").Find("claude"));

    [Theory]
    [InlineData("gpt-4o")]
    [InlineData("gpt-4o-mini-2024-07-18")]
    [InlineData("")]
    public void Another_model_has_no_price(string model) => Assert.Null(PriceTable.Parse(Json, "prices.json").Find(model));

    [Fact]
    public void Cached_input_has_its_own_price() =>
        // 800 * 0.15 + 200 * 0.075 + 100 * 0.6 = 120 + 15 + 60 per million
        Assert.Equal(0.000195m, new ModelPrice(0.15m, 0.6m, 0.075m).Of(1_000, 200, 100));

    [Fact]
    public void Without_a_price_of_its_own_cached_input_costs_as_much_as_all_input() => Assert.Equal(0.0046m, new ModelPrice(3, 16).Of(1_000, 200, 100));

    [Theory]
    [InlineData("[]", "p.json: one JSON object with a price for each model is expected")]
    [InlineData("{\n\"a\": }", "p.json:2: this is no JSON: ")]
    [InlineData("""{"a": 1}""", "p.json: the price of 'a' is no object")]
    [InlineData("""{"a": {"input": 1}}""", "p.json: the price of 'a' has no \"output\"")]
    [InlineData("""{"a": {"input": -1, "output": 1}}""", "p.json: \"input\" of 'a' is -1, must be a number in [0, 1,000,000].")]
    [InlineData("""{"a": {"input": "1", "output": 1}}""", "p.json: \"input\" of 'a' is \"1\", must be a number in [0, 1,000,000].")]
    [InlineData("""{"a": {"inputs": 1, "output": 1}}""", "p.json: the price of 'a' has an unknown field \"inputs\": input, cachedInput and output are known.")]
    [InlineData("""{"a": {"input": 1, "output": 1}, "A": {"input": 1, "output": 1}}""", "p.json: a model has two prices: ")]
    public void A_faulty_file_is_an_error_that_names_the_place(string json, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<AgentRagException>(() => PriceTable.Parse(json, "p.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_an_error() =>
        Assert.StartsWith("nowhere.json: the prices cannot be read: ", Assert.Throws<AgentRagException>(() => PriceTable.Load("nowhere.json")).Message, StringComparison.Ordinal);
}

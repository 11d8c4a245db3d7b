using System.Text.Json;
using AgentRag.Caching;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Retrieval;

public sealed class CachingRetrieverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryCache _store = new();
    private readonly ListRetriever _inner = new(
        Passage("a", "one \ud83d\ude00 \"quoted\" <b>", "Títle") with { HeadingPath = ["x", "y"] }, Passage("b", "two\r\n\u2028"), Passage("c", "three"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_ranking_found_is_the_ranking_worked_out_byte_for_byte()
    {
        var query = new RetrievalQuery("salt", 3);
        var plain = await _inner.RetrieveAsync(query);
        var (miss, hit) = (await Retriever().RetrieveAsync(query), await Retriever().RetrieveAsync(query));
        Assert.Equal(2, _inner.Queries.Count);
        Assert.Equal(JsonSerializer.Serialize(plain), JsonSerializer.Serialize(miss));
        Assert.Equal(JsonSerializer.Serialize(plain), JsonSerializer.Serialize(hit));
        Assert.Equal("list", Retriever().Name);
    }

    [Fact]
    public async Task Explained_rankings_of_the_linked_retriever_survive_with_every_bit_of_their_scores()
    {
        await IndexAsync("Kettle Bridge was designed by Ada Quill.", "Ada Quill was born in Orm.", "Orm is a town on the Sill.");
        foreach (var text in new[] { "Where was the designer of Kettle Bridge born?", "Orm", "nothing of it" })
        {
            var query = new RetrievalQuery(text, 5) { Explain = true };
            var plain = await Linked().RetrieveAsync(query);
            await Opened().RetrieveAsync(query);
            Assert.Equal(JsonSerializer.Serialize(plain), JsonSerializer.Serialize(await Opened().RetrieveAsync(query)));
        }
    }

    [Fact]
    public async Task Whatever_the_query_says_is_part_of_the_key()
    {
        RetrievalQuery[] queries =
        [
            new("salt", 3), new("salt ", 3), new("Salt", 3), new("salt", 2), new("salt", 3) { Explain = true },
            new("salt", 3) { Filter = new PassageFilter { DocumentIds = ["a"] } }, new("salt", 3) { Filter = new PassageFilter { DocumentIds = ["b"] } },
            new("\ud800", 3), new("\ud801", 3),
        ];
        foreach (var query in queries.Concat(queries))
        {
            await Retriever().RetrieveAsync(query);
        }

        Assert.Equal(queries.Length, _inner.Queries.Count);
    }

    [Fact]
    public async Task Another_index_or_other_settings_find_nothing()
    {
        var query = new RetrievalQuery("salt", 3);
        await Retriever("v1").RetrieveAsync(query);
        await Retriever("v2").RetrieveAsync(query);
        await Retriever("v1", "k1=2").RetrieveAsync(query);
        await Retriever("v1").RetrieveAsync(query);
        Assert.Equal(3, _inner.Queries.Count);
    }

    [Fact]
    public async Task After_the_index_has_changed_nothing_old_is_found()
    {
        var query = new RetrievalQuery("Orm", 5);
        await IndexAsync("Orm is a town.");
        Assert.Equal(["Orm is a town."], await TextsAsync());
        var version = IndexVersion.Of(_folder["index"]);
        Assert.Equal(version, IndexVersion.Of(_folder["index"]));

        await IndexAsync("Orm is a city.");
        Assert.NotEqual(version, IndexVersion.Of(_folder["index"]));
        Assert.Equal(["Orm is a city."], await TextsAsync());

        // The same documents again are another commit all the same.
        await IndexAsync("Orm is a town.");
        Assert.Equal(["Orm is a town."], await TextsAsync());

        async Task<IEnumerable<string>> TextsAsync() => (await Opened().RetrieveAsync(query)).Select(ranked => ranked.Passage.Text);
    }

    [Fact]
    public async Task An_index_that_changes_while_it_is_opened_is_opened_again()
    {
        await IndexAsync("Orm is a town.");
        var opened = 0;
        var retriever = CachingRetriever.Open(_folder["index"], () =>
        {
            if (opened++ == 0)
            {
                var old = Linked();
                IndexAsync("Orm is a city.").GetAwaiter().GetResult();
                return old;
            }

            return Linked();
        }, new ResultCache(_store));

        Assert.Equal(2, opened);
        await retriever.RetrieveAsync(new RetrievalQuery("Orm", 5));
        Assert.Equal(["Orm is a city."], (await Opened().RetrieveAsync(new RetrievalQuery("Orm", 5))).Select(ranked => ranked.Passage.Text));
    }

    [Fact]
    public void Vectors_are_part_of_the_version()
    {
        _folder.Write("index/index.json", "{}");
        var without = IndexVersion.Of(_folder["index"]);
        _folder.Write("index/vectors/vectors.json", "{}");
        Assert.NotEqual(without, IndexVersion.Of(_folder["index"]));
        Assert.StartsWith("There is no index in 'nowhere' that can be read (", Assert.Throws<AgentRagException>(() => IndexVersion.Of("nowhere")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_entry_is_worked_out_again_and_replaced()
    {
        var query = new RetrievalQuery("salt", 3);
        var expected = JsonSerializer.Serialize(await Retriever().RetrieveAsync(query));
        foreach (var (key, entry) in _store.Entries)
        {
            // The envelope stays whole, the JSON does not.
            _store.Entries[key] = entry[..^5];
        }

        Assert.Equal(expected, JsonSerializer.Serialize(await Retriever().RetrieveAsync(query)));
        Assert.Equal(expected, JsonSerializer.Serialize(await Retriever().RetrieveAsync(query)));
        Assert.Equal(2, _inner.Queries.Count);
    }

    [Fact]
    public async Task Hits_and_misses_are_counted()
    {
        var cache = new ResultCache(_store);
        foreach (var query in new[] { "a", "b", "a", "a" })
        {
            await new CachingRetriever(_inner, cache, "v").RetrieveAsync(new RetrievalQuery(query, 1));
        }

        Assert.Equal([new CacheCounts("retrieval", 2, 2)], cache.Counts);
    }

    private CachingRetriever Retriever(string version = "v1", string settings = "") => new(_inner, new ResultCache(_store), version, settings);

    private CachingRetriever Opened() => CachingRetriever.Open(_folder["index"], Linked, new ResultCache(_store));

    private LinkedRetriever Linked() => LinkedRetriever.Open(_folder["index"], new WordCounter().Name);

    private async Task IndexAsync(params string[] texts)
    {
        foreach (var (place, text) in texts.Index())
        {
            _folder.Write($"docs/{place}.md", $"# {text.Split(" is ")[0].Split(" was ")[0]}\n\n{text}");
        }

        await new Indexer(new WordCounter()).RunAsync(new IndexRequest { Paths = [_folder["docs"]], IndexDirectory = _folder["index"] });
        LinksIndex.Update(_folder["index"]);
    }
}

using System.Security.Cryptography;
using AgentRag.Caching;
using AgentRag.Tests.Models;
using Microsoft.Extensions.Caching.Distributed;
using Xunit;

namespace AgentRag.Tests.Caching;

public sealed class DiskCacheTests : IDisposable
{
    private static readonly DistributedCacheEntryOptions Forever = new();

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_set_is_found_byte_for_byte_also_by_another_process_s_cache()
    {
        var random = new Random(3);
        Dictionary<string, byte[]> values = [];
        var cache = Open();
        for (var i = 0; i < 200; i++)
        {
            var value = new byte[random.Next(3_000)];
            random.NextBytes(value);
            values[$"{RandomText.Any(random, 4)}{random.Next(150)}"] = value;
        }

        foreach (var (key, value) in values)
        {
            cache.Set(key, value, Forever);
        }

        Assert.All(values, pair => Assert.Equal(pair.Value, Open().Get(pair.Key)));
        Assert.Null(cache.Get("never set"));
    }

    [Fact]
    public void Damage_anywhere_is_a_miss_and_what_is_set_again_is_found()
    {
        var cache = Open();
        cache.Set("key", [1, 2, 3], Forever);
        var path = Assert.Single(EntryFiles());
        var whole = File.ReadAllBytes(path);
        for (var place = 0; place < whole.Length; place++)
        {
            var damaged = whole.ToArray();
            damaged[place] ^= 0x10;
            File.WriteAllBytes(path, damaged);
            Assert.Null(cache.Get("key"));
            Assert.False(File.Exists(path));

            File.WriteAllBytes(path, whole[..place]);
            Assert.Null(cache.Get("key"));
        }

        File.WriteAllBytes(path, [.. whole, 0]);
        Assert.Null(cache.Get("key"));
        cache.Set("key", [4], Forever);
        Assert.Equal([4], cache.Get("key"));
    }

    [Fact]
    public void The_entry_of_another_key_is_not_given()
    {
        var cache = Open();
        cache.Set("one", [1], Forever);
        var path = Assert.Single(EntryFiles());
        cache.Set("two", [2], Forever);
        var other = EntryFiles().Single(file => file != path);
        File.Copy(path, other, overwrite: true);
        Assert.Null(cache.Get("two"));
        Assert.Equal([1], cache.Get("one"));
    }

    [Fact]
    public void Entries_end_at_their_time()
    {
        var cache = Open();
        cache.Set("absolute", [1], new() { AbsoluteExpiration = _time.Start.AddHours(1) });
        cache.Set("relative", [2], new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(2) });
        cache.Set("sliding", [3], new() { SlidingExpiration = TimeSpan.FromHours(1) });
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal([[1], [2], [3]], Held());
        _time.Advance(TimeSpan.FromMinutes(59));
        // The sliding one was used in between.
        Assert.Equal([null, [2], [3]], Held());
        cache.Refresh("sliding");
        _time.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal([null, null, null], Held());
        Assert.Empty(EntryFiles());

        byte[]?[] Held() => [cache.Get("absolute"), cache.Get("relative"), cache.Get("sliding")];
    }

    [Fact]
    public void The_bound_holds_and_what_was_used_longest_ago_goes_first()
    {
        const int Bound = 1 << 20;
        var cache = Open(Bound);
        var value = new byte[20_000];
        for (var i = 0; i < 200; i++)
        {
            cache.Set($"{i}", value, Forever);
            _time.Advance(TimeSpan.FromMinutes(2));
            // The first entry is used all the time.
            Assert.NotNull(cache.Get("0"));
            Assert.InRange(cache.Describe().Bytes, 1, Bound);
        }

        Assert.NotNull(cache.Get("199"));
        Assert.NotNull(cache.Get("160")); // the last 40 are 800,000 bytes, below nine tenths
        Assert.Null(cache.Get("1"));
    }

    [Fact]
    public void An_entry_above_a_sixteenth_of_the_bound_is_not_kept_and_the_old_one_is_not_given_in_its_place()
    {
        var cache = Open(1 << 20);
        cache.Set("key", [1], Forever);
        cache.Set("key", new byte[(1 << 16) + 1], Forever);
        Assert.Null(cache.Get("key"));
    }

    [Fact]
    public void Several_at_once_see_whole_values_only()
    {
        // Each value is its own proof: 32 bytes of hash, then what was hashed.
        var caches = Enumerable.Range(0, 4).Select(_ => Open(1 << 20)).ToList();
        Parallel.For(0, 4_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var (random, cache) = (new Random(i), caches[i % caches.Count]);
            var key = $"{random.Next(20)}";
            if (i % 3 == 0)
            {
                var body = new byte[random.Next(30_000)];
                random.NextBytes(body);
                cache.Set(key, [.. SHA256.HashData(body), .. body], Forever);
            }
            else if (i % 50 == 1)
            {
                cache.Remove(key);
            }
            else if (cache.Get(key) is { } value)
            {
                Assert.Equal(SHA256.HashData(value[32..]), value[..32]);
            }
        });
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*.unfinished", SearchOption.AllDirectories));
        Assert.InRange(caches[0].Describe().Bytes, 1, (1 << 20) + (3 << 16)); // three others may each be a sixteenth behind
    }

    [Fact]
    public void Content_is_told_by_kind_and_can_be_cleared_by_kind()
    {
        var cache = Open();
        cache.Set(CacheKey.Of("retrieval", "a"), new byte[10], Forever);
        cache.Set(CacheKey.Of("retrieval", "b"), new byte[10], Forever);
        cache.Set(CacheKey.Of("response", "a"), new byte[10], Forever);
        cache.Set("of somebody else", new byte[10], Forever);
        Directory.CreateDirectory(_folder["cache/zz"]);
        File.WriteAllText(_folder["cache/zz/x.entry"], "nothing");

        var content = cache.Describe();
        Assert.Equal([("other", 1), ("response", 1), ("retrieval", 2)], content.Kinds.Select(kind => (kind.Name, kind.Entries)));
        Assert.Equal((4, 1), (content.Entries, content.Unreadable));
        Assert.Equal(_time.Start, content.Kinds[0].LastUsed);

        Assert.Equal(2, cache.Clear("retrieval"));
        Assert.Equal(3, cache.Clear());
        Assert.Equal(0, cache.Describe().Entries);
        cache.Set("again", [1], Forever);
        Assert.Equal([1], cache.Get("again"));
    }

    [Fact]
    public void A_folder_with_something_else_in_it_is_left_alone()
    {
        _folder.Write("cache/diary.txt", "dear");
        var fault = Assert.Throws<AgentRagException>(() => Open());
        Assert.Equal($"'{_folder["cache"]}' is not empty and is no cache of agentrag: name another folder with --cache DIR.", fault.Message);
        File.Delete(_folder["cache/diary.txt"]);
        _folder.Write("cache/agentrag-cache.json", "{\"format\":\"agentrag-cache\",\"formatVersion\":9}\n");
        Assert.Equal(
            $"'{_folder["cache"]}' is a cache of another version of agentrag: remove the folder, or name another with --cache DIR.", Assert.Throws<AgentRagException>(() => Open()).Message);
    }

    [Fact]
    public void Only_the_owner_can_read_it()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var cache = Open();
        cache.Set("key", [1], Forever);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(cache.Folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(EntryFiles())));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_a_miss_and_no_fault()
    {
        var cache = Open();
        cache.Set("key", [1], Forever);
        var path = Assert.Single(EntryFiles());
        File.Delete(path);
        Directory.CreateDirectory(path); // in the way of the rename
        cache.Set("key", [2], Forever);
        Assert.Null(cache.Get("key"));
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*.unfinished", SearchOption.AllDirectories));
    }

    [Fact]
    public void Keys_differ_when_any_part_does()
    {
        string[] keys =
        [
            CacheKey.Of("a"), CacheKey.Of("a", ""), CacheKey.Of("a", "", ""), CacheKey.Of("a", "bc"), CacheKey.Of("a", "b", "c"), CacheKey.Of("a", "", "bc"),
            CacheKey.Of("b", "bc"), CacheKey.Of("a", "\ud800"), CacheKey.Of("a", "\ud801"), CacheKey.Of("a", "\ufffd"),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(("retrieval", "other"), (CacheKey.KindOf(CacheKey.Of("retrieval", "x")), CacheKey.KindOf("x/y")));
    }

    private IEnumerable<string> EntryFiles() => Directory.EnumerateFiles(_folder.Path, "*.entry", SearchOption.AllDirectories);

    private DiskCache Open(long maxBytes = 1 << 30) => DiskCache.Open(_folder["cache"], new DiskCacheOptions { MaxBytes = maxBytes }, _time);
}

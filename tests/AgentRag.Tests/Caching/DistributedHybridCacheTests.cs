using AgentRag.Caching;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using Microsoft.Extensions.Caching.Hybrid;
using Xunit;

namespace AgentRag.Tests.Caching;

public sealed class DistributedHybridCacheTests
{
    private readonly MemoryCache _store = new();
    private readonly ManualTime _time = new();

    private DistributedHybridCache Cache => new(_store, _time);

    [Fact]
    public async Task A_value_is_worked_out_once_and_found_in_every_type_it_can_have()
    {
        var made = 0;
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal([1, 2], await Cache.GetOrCreateAsync("bytes", _ => Made(new byte[] { 1, 2 })));
            Assert.Equal("naïve 東京", await Cache.GetOrCreateAsync("text", _ => Made("naïve 東京")));
            Assert.Equal(new Point(1, "y"), await Cache.GetOrCreateAsync("record", _ => Made(new Point(1, "y"))));
            Assert.Null(await Cache.GetOrCreateAsync("null", _ => Made<Point?>(null)));
        }

        Assert.Equal(4, made);

        ValueTask<T> Made<T>(T value)
        {
            made++;
            return ValueTask.FromResult(value);
        }
    }

    [Fact]
    public async Task Many_callers_at_once_wait_for_the_first()
    {
        var cache = Cache;
        var (made, gate) = (0, new TaskCompletionSource());
        var callers = Enumerable.Range(0, 50).Select(_ => cache.GetOrCreateAsync("key", async _ =>
        {
            Interlocked.Increment(ref made);
            await gate.Task;
            return "value";
        }).AsTask()).ToList();
        gate.SetResult();
        Assert.All(await Task.WhenAll(callers), value => Assert.Equal("value", value));
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task Who_is_cancelled_does_not_spoil_it_for_the_others()
    {
        var cache = Cache;
        using var cancelled = new CancellationTokenSource();
        var first = cache.GetOrCreateAsync("key", async cancel =>
        {
            await Task.Delay(Timeout.Infinite, cancel);
            return "never";
        }, cancellationToken: cancelled.Token).AsTask();
        var second = cache.GetOrCreateAsync("key", _ => ValueTask.FromResult("value")).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal("value", await second);
    }

    [Fact]
    public async Task A_fault_is_not_kept()
    {
        await Assert.ThrowsAsync<AgentRagException>(() => Cache.GetOrCreateAsync<string>("key", _ => throw new AgentRagException("no")).AsTask());
        Assert.Equal("value", await Cache.GetOrCreateAsync("key", _ => ValueTask.FromResult("value")));
    }

    [Fact]
    public async Task Flags_leave_out_reading_writing_or_working_out()
    {
        Assert.Null(await GetAsync(HybridCacheEntryFlags.DisableUnderlyingData, "a"));
        Assert.Equal("a", await GetAsync(HybridCacheEntryFlags.DisableDistributedCacheWrite, "a"));
        Assert.Equal("b", await GetAsync(HybridCacheEntryFlags.None, "b"));
        Assert.Equal("b", await GetAsync(HybridCacheEntryFlags.None, "c"));
        Assert.Equal("d", await GetAsync(HybridCacheEntryFlags.DisableDistributedCacheRead, "d"));
        Assert.Equal("d", await GetAsync(HybridCacheEntryFlags.DisableUnderlyingData, "e"));

        async Task<string?> GetAsync(HybridCacheEntryFlags flags, string value) =>
            await Cache.GetOrCreateAsync<string?>("key", _ => ValueTask.FromResult<string?>(value), new HybridCacheEntryOptions { Flags = flags });
    }

    [Fact]
    public async Task Removing_a_tag_removes_what_has_it_and_the_star_removes_all()
    {
        await Cache.SetAsync("one", "1", tags: ["a", "b"]);
        await Cache.SetAsync("two", "2", tags: ["b"]);
        await Cache.SetAsync("three", "3");
        _time.Advance(TimeSpan.FromSeconds(1));

        await Cache.RemoveByTagAsync("a");
        Assert.Equal((null, "2", "3"), (await FindAsync("one"), await FindAsync("two"), await FindAsync("three")));
        await Cache.RemoveByTagAsync("*");
        Assert.Equal((null, null, null), (await FindAsync("one"), await FindAsync("two"), await FindAsync("three")));
        _time.Advance(TimeSpan.FromSeconds(1));
        await Cache.SetAsync("one", "new", tags: ["a"]);
        Assert.Equal("new", await FindAsync("one"));
        await Cache.RemoveAsync("one");
        Assert.Null(await FindAsync("one"));
    }

    [Fact]
    public async Task What_something_else_has_written_is_a_miss()
    {
        foreach (var foreign in new byte[][] { [], [1], [9, 9, 9], [1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 127], "text"u8.ToArray() })
        {
            _store.Entries["key"] = foreign;
            Assert.Equal(new Point(1, "x"), await Cache.GetOrCreateAsync("key", _ => ValueTask.FromResult(new Point(1, "x"))));
        }
    }

    [Fact]
    public async Task The_lifetime_is_handed_on()
    {
        await Cache.SetAsync("key", "value", new HybridCacheEntryOptions { Expiration = TimeSpan.FromMinutes(5) });
        Assert.Equal(TimeSpan.FromMinutes(5), _store.Lifetimes["key"]);
    }

    private async Task<string?> FindAsync(string key) => await Cache.GetOrCreateAsync<string?>(
        key, _ => ValueTask.FromResult<string?>(null), new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableUnderlyingData });

    private sealed record Point(int X, string Y);
}

using OrleansIoT.Identity;

namespace OrleansIoT.History.Tests.Identity;

/// <summary>What every <see cref="IDirectory"/> keeps; each store inherits it.</summary>
public abstract class DirectoryContract : IAsyncLifetime
{
    private const string Devices = "default/devices";

    protected abstract IDirectory Names { get; }

    public Task InitializeAsync() => Task.CompletedTask;

    public abstract Task DisposeAsync();

    /// <summary>Closes the store and opens it again.</summary>
    protected abstract Task Reopen();

    [Fact]
    public async Task An_entry_is_found_by_its_id_also_after_a_restart()
    {
        await Names.Put(Devices, new("u-1", "a@example.com", "Ann"));

        await Reopen();

        Assert.Equal(new DirectoryEntry("u-1", "a@example.com", "Ann"), await Names.Find(Devices, "u-1"));
        Assert.Null(await Names.Find(Devices, "u-2"));
    }

    [Fact]
    public async Task Times_of_an_entry_are_kept_where_the_next_one_has_none()
    {
        var (made, seen) = (new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));
        await Names.Put(Devices, new("d-1", "d-1", "one", made));
        await Names.Put(Devices, new("d-1", "d-1", "two", null, seen));
        await Names.Put(Devices, new("d-1", "d-1", "three"));
        await Reopen();
        Assert.Equal(new DirectoryEntry("d-1", "d-1", "three", made, seen), await Names.Find(Devices, "d-1"));
        await Names.Remove(Devices, "d-1");
        await Names.Put(Devices, new("d-1", "d-1", "anew"));
        Assert.Equal(new DirectoryEntry("d-1", "d-1", "anew"), await Names.Find(Devices, "d-1"));
    }

    [Fact]
    public async Task All_entries_of_a_directory_come_in_order_and_no_others()
    {
        await Names.Put(Devices, new("b", "b", "2"));
        await Names.Put(Devices, new("a", "a", "1"));
        await Names.Put("default/users", new("u", "u", "3"));
        await Names.Put("default2/devices", new("c", "c", "4"));
        Assert.Equal(["a", "b"], (await Names.All(Devices)).Select(entry => entry.Id));
        Assert.Empty(await Names.All("nobody/devices"));
    }

    [Fact]
    public async Task An_entry_replaces_the_one_with_its_id()
    {
        await Names.Put(Devices, new("1", "one", "old"));
        await Names.Put(Devices, new("1", "one", "new"));

        Assert.Equal("new", Assert.Single((await List()).Entries).Title);
    }

    [Fact]
    public async Task A_removed_entry_is_gone_and_removing_it_again_is_fine()
    {
        await Names.Put(Devices, new("1", "one", ""));

        await Names.Remove(Devices, "1");
        await Names.Remove(Devices, "1");

        Assert.Null(await Names.Find(Devices, "1"));
        Assert.Empty((await List()).Entries);
    }

    [Fact]
    public async Task Directories_do_not_see_one_another()
    {
        await Names.Put(Devices, new("1", "one", ""));
        await Names.Put("other/devices", new("1", "theirs", ""));
        await Names.Put("default/users", new("2", "user", ""));

        Assert.Equal("one", Assert.Single((await List()).Entries).GrainName);
        await Names.Remove("other/devices", "1");
        Assert.NotNull(await Names.Find(Devices, "1"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(25)]
    [InlineData(26)]
    public async Task Pages_join_in_the_order_of_ids(int limit)
    {
        var ids = Enumerable.Range(0, 25).Select(i => $"device-{i}").ToArray();
        await Task.WhenAll(ids.Reverse().Select(id => Names.Put(Devices, new(id, id, ""))));

        var all = new List<string>();
        string? after = null;
        do
        {
            var page = await List(limit: limit, after: after);
            Assert.InRange(page.Entries.Length, 1, limit);
            all.AddRange(page.Entries.Select(entry => entry.Id));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal(ids.Order(StringComparer.Ordinal), all);
    }

    [Theory]
    [InlineData("METER", "meter-1")] // id
    [InlineData("@exam", "u-1")] // the grain's name
    [InlineData("hall", "meter-1")] // title
    [InlineData("ter-1", "meter-1")]
    [InlineData("100%", "percent")]
    [InlineData("a_b", "under")]
    [InlineData("\\", "slash")]
    [InlineData("über", "umlaut")]
    [InlineData("nothing", null)]
    [InlineData("%", "percent")]
    [InlineData("_", "under")]
    public async Task A_search_finds_a_part_of_any_name_literally_and_ignoring_ascii_case(string search, string? found)
    {
        await Names.Put(Devices, new("meter-1", "meter-1", "In the Hall"));
        await Names.Put(Devices, new("u-1", "ann@EXAMPLE.com", "Ann"));
        await Names.Put(Devices, new("percent", "x", "100% humid"));
        await Names.Put(Devices, new("under", "x", "a_b"));
        await Names.Put(Devices, new("slash", "x", "c:\\d"));
        await Names.Put(Devices, new("umlaut", "x", "TÜR und über"));

        var entries = (await List(search)).Entries;

        Assert.Equal(found is null ? [] : [found], entries.Select(entry => entry.Id));
    }

    [Fact]
    public async Task The_pages_of_a_search_join_too()
    {
        for (var i = 0; i < 20; i++)
        {
            await Names.Put(Devices, new($"{i:00}", i % 2 == 0 ? "even" : "odd", ""));
        }

        var first = await List("even", 6);
        var second = await List("even", 6, first.Next);

        Assert.Equal("10", first.Next);
        Assert.Equal(["12", "14", "16", "18"], second.Entries.Select(entry => entry.Id));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task Names_with_any_character_come_back_as_they_were()
    {
        var odd = new DirectoryEntry("a'b\"; --", "\0\u0001", "🌡 ü");
        await Names.Put(Devices, odd);

        Assert.Equal(odd, Assert.Single((await List()).Entries));
        Assert.Equal(odd, Assert.Single((await List("\u0001")).Entries));
    }

    private Task<DirectoryPage> List(string? search = null, int limit = 100, string? after = null) =>
        Names.List(Devices, search, limit, after);
}

using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Tests.Identity;

/// <summary>What every <see cref="IAuditLog"/> keeps; each store inherits it.</summary>
public abstract class AuditContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly AuditQuery All = new(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, Ascending: true);

    protected abstract IAuditLog Audit { get; }

    public Task InitializeAsync() => Task.CompletedTask;

    public abstract Task DisposeAsync();

    /// <summary>Closes the store and opens it again.</summary>
    protected abstract Task Reopen();

    /// <summary>Runs a statement on the writer's connection, as a bug of ours would.</summary>
    protected abstract Task Execute(string sql);

    [Fact]
    public async Task An_entry_comes_back_as_it_was_also_after_a_restart()
    {
        var entry = new AuditEntry
        {
            At = Noon.AddTicks(1),
            Tenant = "default",
            Actor = AuditActor.User,
            Subject = "u-1",
            Name = "ada@example.org",
            Address = "2001:db8::1",
            Action = "RegisterDevice",
            ThingType = "device",
            ThingId = "a'b\"; --\0\u0001🌡",
            Result = AuditResult.Refused,
            Status = 409,
            Failure = "conflict",
            Reason = "There is one.",
            Count = 5_000_000_000,
        };
        await Audit.Append([entry]);

        await Reopen();

        var stored = Assert.Single(await Read(All));
        Assert.InRange(stored.Id, 1, long.MaxValue);
        Assert.Equal(entry with { Id = stored.Id }, stored);
    }

    [Fact]
    public async Task Ids_increase_and_the_newest_comes_first_unless_asked_otherwise()
    {
        await Audit.Append([Entry("a", Noon), Entry("b", Noon)]);
        await Audit.Append([Entry("c", Noon.AddHours(-1))]); // of a process whose clock is late

        var newest = await Read(All with { Ascending = false });
        var oldest = await Read(All);

        Assert.Equal(["b", "a", "c"], newest.Select(entry => entry.Action));
        Assert.Equal(["c", "a", "b"], oldest.Select(entry => entry.Action));
        Assert.True(newest[0].Id > newest[1].Id && newest[2].Id > newest[0].Id);
    }

    [Fact]
    public async Task A_range_has_its_start_and_not_its_end()
    {
        await Audit.Append([.. Enumerable.Range(0, 4).Select(i => Entry($"{i}", Noon.AddTicks(i)))]);

        Assert.Equal(["1", "2"], (await Read(All with { Start = Noon.AddTicks(1), End = Noon.AddTicks(3) })).Select(entry => entry.Action));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(4, true)]
    [InlineData(25, true)]
    [InlineData(26, false)]
    [InlineData(1, false)]
    [InlineData(7, false)]
    public async Task Pages_join_without_a_gap_or_a_double_also_where_times_are_equal(int limit, bool ascending)
    {
        await Audit.Append([.. Enumerable.Range(0, 25).Select(i => Entry($"{i:00}", Noon.AddSeconds(i / 5)))]);
        await Audit.Append([Entry("other", Noon) with { Tenant = "other" }]);

        var all = new List<string>();
        TelemetryPosition? after = null;
        do
        {
            var page = await Audit.Read("default", All with { Limit = limit, After = after, Ascending = ascending });
            Assert.InRange(page.Entries.Length, 1, limit);
            all.AddRange(page.Entries.Select(entry => entry.Action));
            after = page.Next;
        }
        while (after is not null);

        var expected = Enumerable.Range(0, 25).Select(i => $"{i:00}");
        Assert.Equal(ascending ? expected : expected.Reverse(), all);
    }

    [Fact]
    public async Task A_tenant_sees_its_own_entries_only()
    {
        await Audit.Append([Entry("ours", Noon), Entry("theirs", Noon) with { Tenant = "other" }]);

        Assert.Equal("ours", Assert.Single(await Read(All)).Action);
        Assert.Equal("theirs", Assert.Single((await Audit.Read("other", All)).Entries).Action);
        Assert.Empty((await Audit.Read("defaul", All)).Entries);
    }

    [Fact]
    public async Task Filters_find_what_they_name_and_all_of_them_together()
    {
        await Audit.Append(
        [
            Entry("Login", Noon) with { Name = "ada@example.org", Result = AuditResult.Refused },
            Entry("RegisterDevice", Noon.AddSeconds(1)) with { Actor = AuditActor.User, Subject = "u-1", ThingType = "device", ThingId = "m/7" },
            Entry("RegisterDevice", Noon.AddSeconds(2)) with { Actor = AuditActor.User, Subject = "u-2", ThingType = "device", ThingId = "m-8" },
            Entry("RemoveDevice", Noon.AddSeconds(3)) with { Actor = AuditActor.User, Subject = "u-2", ThingType = "device", ThingId = "m/7", Result = AuditResult.Failed },
        ]);

        Assert.Equal("0", await Seconds(All with { Actor = "ada@example.org" }));
        Assert.Equal("2, 3", await Seconds(All with { Actor = "u-2" }));
        Assert.Equal("1, 2", await Seconds(All with { Action = "RegisterDevice" }));
        Assert.Equal("1, 3", await Seconds(All with { Thing = "m/7" }));
        Assert.Equal("1, 3", await Seconds(All with { Thing = "device/m/7" }));
        Assert.Equal("1, 2, 3", await Seconds(All with { Thing = "device" }));
        Assert.Equal("0", await Seconds(All with { Result = AuditResult.Refused }));
        Assert.Equal("3", await Seconds(All with { Actor = "u-2", Thing = "m/7", Action = "RemoveDevice", Result = AuditResult.Failed }));
        Assert.Empty(await Seconds(All with { Actor = "u-1", Thing = "m-8" }));
        Assert.Empty(await Seconds(All with { Actor = "", Action = "Login", Thing = "' OR 1=1 --" }));
    }

    [Theory]
    [InlineData("UPDATE audit SET reason = 'nothing happened'")]
    [InlineData("DELETE FROM audit")]
    [InlineData("DELETE FROM audit WHERE action = 'Login'")]
    public async Task What_is_noted_can_be_neither_changed_nor_removed(string sql)
    {
        await Audit.Append([Entry("Login", Noon)]);
        var before = await Read(All);

        var refused = await Record.ExceptionAsync(() => Execute(sql));

        Assert.Contains("append-only", refused?.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await Read(All));
        await Audit.Append([Entry("Login", Noon)]);
        Assert.Equal(2, (await Read(All)).Length);
    }

    protected static AuditEntry Entry(string action, DateTimeOffset at) => new() { At = at, Tenant = "default", Action = action, Status = 200 };

    private async Task<AuditEntry[]> Read(AuditQuery query) => [.. (await Audit.Read("default", query)).Entries];

    private async Task<string> Seconds(AuditQuery query) =>
        string.Join(", ", (await Read(query)).Select(entry => (entry.At - Noon).TotalSeconds));
}

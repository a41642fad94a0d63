using System.Collections.Immutable;
using System.Text.Json;
using Orleans.Storage;

namespace OrleansIoT.History.Tests.Storage;

/// <summary>What every <see cref="IGrainStorage"/> keeps; each store inherits it.</summary>
public abstract class GrainStorageContract : IAsyncLifetime
{
    private static readonly GrainId Grain = GrainId.Create("device", "default/meter-7");

    protected abstract IGrainStorage States { get; }

    public Task InitializeAsync() => Task.CompletedTask;

    public abstract Task DisposeAsync();

    /// <summary>Closes the store and opens it again.</summary>
    protected abstract Task Reopen();

    [Fact]
    public async Task A_state_never_written_is_a_new_one()
    {
        var state = new GrainState<DeviceState> { State = new DeviceState { Name = "left over" }, ETag = "x", RecordExists = true };

        await States.ReadStateAsync("device", Grain, state);

        Assert.Equal("", state.State.Name);
        Assert.Null(state.ETag);
        Assert.False(state.RecordExists);
    }

    [Fact]
    public async Task A_state_comes_back_as_it_was_also_after_a_restart()
    {
        var written = new DeviceState
        {
            Name = "Hall \"A\" 🌡",
            Created = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).AddTicks(1),
            Filters = ["a/#", "b/+"],
            Key = [0, 1, 255],
            Bytes = [7, 0, 9],
            Limit = double.PositiveInfinity,
            Nested = new Part("p", 3),
        };
        await Write(written);

        await Reopen();

        var read = await Read();
        Assert.True(read.RecordExists);
        Assert.Equivalent(written, read.State, strict: true);
    }

    [Fact]
    public async Task A_state_is_written_as_it_was_at_the_call()
    {
        var state = New();
        state.State.Name = "then";
        var writing = States.WriteStateAsync("device", Grain, state);
        state.State.Name = "later";
        await writing;

        Assert.Equal("then", (await Read()).State.Name);
    }

    [Fact]
    public async Task An_array_that_was_never_set_is_an_empty_one()
    {
        await Write(new DeviceState { Filters = default });

        Assert.Empty((await Read()).State.Filters);
    }

    [Fact]
    public async Task Writes_of_one_owner_follow_one_another()
    {
        var state = New();
        for (var i = 0; i < 3; i++)
        {
            state.State.Name = $"{i}";
            var before = state.ETag;
            await States.WriteStateAsync("device", Grain, state);
            Assert.NotEqual(before, state.ETag);
        }

        Assert.Equal("2", (await Read()).State.Name);
    }

    [Fact]
    public async Task A_stale_write_is_inconsistent_and_changes_nothing()
    {
        await Write(new DeviceState { Name = "first" });
        var mine = await Read();
        var theirs = await Read();
        theirs.State.Name = "theirs";
        await States.WriteStateAsync("device", Grain, theirs);
        var before = mine.ETag;

        mine.State.Name = "mine";
        var refused = await Assert.ThrowsAsync<InconsistentStateException>(
            () => States.WriteStateAsync("device", Grain, mine));

        Assert.Equal(theirs.ETag, refused.StoredEtag);
        Assert.Equal(before, refused.CurrentEtag);
        Assert.Equal(before, mine.ETag);
        Assert.Equal("theirs", (await Read()).State.Name);
        await Assert.ThrowsAsync<InconsistentStateException>(() => States.ClearStateAsync("device", Grain, mine));
        Assert.True((await Read()).RecordExists);
    }

    [Fact]
    public async Task Of_two_who_found_nothing_one_writes_and_the_other_is_told()
    {
        var first = New();
        var second = New();
        var writes = new[] { first, second }
            .Select(state => States.WriteStateAsync("device", Grain, state)).ToArray();

        await writes[0];
        await Assert.ThrowsAsync<InconsistentStateException>(() => writes[1]);
    }

    [Fact]
    public async Task A_cleared_state_is_gone_and_its_etag_is_never_given_again()
    {
        var old = await Write(new DeviceState { Name = "old" });
        var current = await Read();

        await States.ClearStateAsync("device", Grain, current);

        Assert.False(current.RecordExists);
        Assert.Null(current.ETag);
        Assert.Equal("", current.State.Name);
        Assert.False((await Read()).RecordExists);
        await Write(new DeviceState { Name = "new" });
        await Assert.ThrowsAsync<InconsistentStateException>(() => States.WriteStateAsync("device", Grain, old));
    }

    [Fact]
    public async Task Clearing_what_is_not_there_is_fine()
    {
        await States.ClearStateAsync("device", Grain, New());
    }

    [Fact]
    public async Task States_are_kept_apart_by_grain_and_name()
    {
        await Write(new DeviceState { Name = "one" });
        var other = New();
        other.State.Name = "other name";
        await States.WriteStateAsync("twin", Grain, other);
        var elsewhere = New();
        elsewhere.State.Name = "other grain";
        await States.WriteStateAsync("device", GrainId.Create("user", "default/meter-7"), elsewhere);

        Assert.Equal("one", (await Read()).State.Name);
    }

    [Fact]
    public async Task A_state_of_another_shape_says_whose_it_is()
    {
        var number = new GrainState<int[]> { State = [1] };
        await States.WriteStateAsync("device", Grain, number);

        var refused = await Assert.ThrowsAsync<JsonException>(Read);

        Assert.StartsWith("The stored device of device/default/meter-7 is no DeviceState: ", refused.Message, StringComparison.Ordinal);
    }

    private static GrainState<DeviceState> New() => new() { State = new DeviceState() };

    private async Task<GrainState<DeviceState>> Write(DeviceState state)
    {
        var written = new GrainState<DeviceState> { State = state };
        await States.WriteStateAsync("device", Grain, written);
        return written;
    }

    private async Task<GrainState<DeviceState>> Read()
    {
        var read = New();
        await States.ReadStateAsync("device", Grain, read);
        return read;
    }

    private sealed record Part(string Name, int Count);

    private sealed class DeviceState
    {
        public string Name { get; set; } = "";
        public DateTimeOffset? Created { get; set; }
        public ImmutableArray<string> Filters { get; set; } = [];
        public byte[] Key { get; set; } = [];
        public ImmutableArray<byte> Bytes { get; set; } = [];
        public double Limit { get; set; }
        public Part? Nested { get; set; }
    }
}

namespace OrleansIoT.Grains.Tests;

public sealed class DurableStateTests
{
    private readonly Storage _storage = new();
    private readonly DurableState<Counter> _state;

    public DurableStateTests() => _state = new DurableState<Counter>(_storage);

    [Fact]
    public async Task What_is_written_is_seen_when_it_is_durable_and_not_before()
    {
        var write = _state.Write(_ => new Counter { Value = 5 });
        Assert.Equal((0, false), (_state.Value.Value, _state.Exists));

        _storage.End();
        await write;
        Assert.Equal((5, true), (_state.Value.Value, _state.Exists));

        var clear = _state.Clear();
        Assert.Equal((5, true), (_state.Value.Value, _state.Exists));

        _storage.End();
        await clear;
        Assert.Equal((0, false), (_state.Value.Value, _state.Exists));
    }

    [Fact]
    public async Task What_could_not_be_written_is_never_seen()
    {
        var write = _state.Write(_ => new Counter { Value = 5 });
        _storage.End(new IOException("The disk is full."));
        await Assert.ThrowsAsync<IOException>(() => write);
        Assert.Equal((0, false), (_state.Value.Value, _state.Exists));
    }

    [Fact]
    public async Task A_change_that_comes_during_a_write_is_one_of_what_that_has_written()
    {
        var first = _state.Write(counter => new Counter { Value = counter.Value + 1 });
        var second = _state.Write(counter => new Counter { Value = counter.Value + 10 });
        _storage.End();
        await first;
        Assert.Equal(1, _state.Value.Value);

        _storage.End();
        await second;
        Assert.Equal(11, _state.Value.Value);
    }

    private sealed record Counter
    {
        public int Value { get; init; }
    }

    /// <summary>One write is under way at a time, and ends when the test says so.</summary>
    private sealed class Storage : IPersistentState<Counter>
    {
        private TaskCompletionSource? _write;
        private bool _exists;

        public Counter State { get; set; } = new();

        public string? Etag => null;

        public bool RecordExists => _exists;

        public void End(Exception? failure = null)
        {
            var write = Interlocked.Exchange(ref _write, null)!;
            if (failure is null)
            {
                write.SetResult();
            }
            else
            {
                write.SetException(failure);
            }
        }

        public async Task WriteStateAsync()
        {
            await Begin();
            _exists = true;
        }

        public async Task ClearStateAsync()
        {
            await Begin();
            (State, _exists) = (new Counter(), false);
        }

        public Task ReadStateAsync() => Task.CompletedTask;

        private Task Begin()
        {
            Assert.Null(_write);
            return (_write = new TaskCompletionSource()).Task;
        }
    }
}

using System.Threading.Channels;

namespace OrleansIoT.Micro;

/// <summary>What a call costs that is nothing but a call.</summary>
public abstract class Meter
{
    public abstract Task Record(Reading reading);
}

public sealed class PlainMeter : Meter
{
    private long _count;
    private Reading? _last;

    public override Task Record(Reading reading)
    {
        _last = reading;
        _count++;
        return Task.CompletedTask;
    }

    public override string ToString() => $"{_count} readings, the last one {_last}";
}

/// <summary>An actor as one writes it by hand: a channel and a loop that reads it.</summary>
public sealed class ChannelMeter : Meter
{
    private readonly Channel<(Reading Reading, TaskCompletionSource Done)> _inbox =
        Channel.CreateUnbounded<(Reading, TaskCompletionSource)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly PlainMeter _meter = new();

    public ChannelMeter() => _ = Run();

    public override Task Record(Reading reading)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _inbox.Writer.TryWrite((reading, done));
        return done.Task;
    }

    private async Task Run()
    {
        await foreach (var (reading, done) in _inbox.Reader.ReadAllAsync())
        {
            await _meter.Record(reading);
            done.SetResult();
        }
    }
}

using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Faults.Workload;

/// <summary>A subscriber with a durable session. Some of them are away for a while, some are slow to acknowledge.</summary>
internal sealed class Listener(Session session, IReadOnlyList<string> filters, Qos granted, string? group = null) : IAsyncDisposable
{
    private static readonly TimeSpan Present = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Absent = TimeSpan.FromSeconds(4);

    public Session Session => session;

    public Subscriber Evidence => new(
        session.Identity.Id, session.Identity.Tenant, filters, granted, group, [.. session.Client.Received.Select(ArrivalOf)]);

    public Task Begin(CancellationToken cancellation) => session.Begin(
        cancellation, [.. filters.Select(filter => new Subscription(group is null ? filter : $"$share/{group}/{filter}", granted))]);

    /// <summary>Is there, and is away, in turns; there in the end.</summary>
    public async Task ComeAndGo(CancellationToken stopping)
    {
        while (await Wait(Present, stopping))
        {
            await session.Leave();
            await Wait(Absent, stopping);
            session.Return();
        }
    }

    /// <summary>Holds its acknowledgements back, and lets them go, in turns; holds none in the end.</summary>
    public async Task Dawdle(CancellationToken stopping)
    {
        while (await Wait(Present, stopping))
        {
            session.Client.Holds = _ => true;
            await Wait(Absent, stopping);
            session.Client.LetGo();
        }
    }

    public ValueTask DisposeAsync() => session.DisposeAsync();

    public static Arrival ArrivalOf(PublishPacket packet)
    {
        var read = Payload.Read(packet.Text());
        return new Arrival(packet.Topic, read?.Message, read?.IsIntact ?? false);
    }

    /// <returns>Whether it may go on.</returns>
    private static async Task<bool> Wait(TimeSpan time, CancellationToken stopping)
    {
        await Task.WhenAny(Task.Delay(time, stopping));
        return !stopping.IsCancellationRequested;
    }
}

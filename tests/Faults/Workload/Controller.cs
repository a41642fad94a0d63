using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Workload;

/// <summary>Sends commands to devices, one after the other.</summary>
internal sealed class Controller(Session session, IReadOnlyList<string> devices, int seed) : IAsyncDisposable
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, long> _numbers = [];

    public Session Session => session;

    public async Task Run(TimeSpan period, CancellationToken stopping, CancellationToken giveUp)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                await Task.Delay(period * (0.5 + _random.NextDouble()), stopping);
                var topic = Device.TopicOf(devices[_random.Next(devices.Count)], "cmd");
                var number = _numbers[topic] = _numbers.GetValueOrDefault(topic) + 1;
                var message = new MessageId(session.Identity.Tenant, topic, number);
                var text = Payload.Of(message, DateTimeOffset.UtcNow);
                while (await session.Publish(message, text, Qos.AtLeastOnce).WaitAsync(giveUp) == Outcome.Info)
                {
                    await Task.Delay(200, giveUp);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // told to stop, or given up
        }
    }

    public ValueTask DisposeAsync() => session.DisposeAsync();
}

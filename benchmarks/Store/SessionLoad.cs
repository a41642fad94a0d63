using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.History;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Messages into the queues of durable sessions, and out of them, one append after the other.</summary>
internal sealed class SessionLoad : IAsyncDisposable
{
    private const string Topic = "default/commands";

    private readonly ServiceProvider _services;
    private readonly ITelemetryHistory _history;
    private readonly ISessionStore _store;
    private readonly string[] _sessions;

    private SessionLoad(ServiceProvider services, int sessions)
    {
        _services = services;
        _history = services.GetRequiredService<ITelemetryHistory>();
        _store = services.GetRequiredService<ISessionStore>();
        _sessions = [.. Enumerable.Range(0, sessions).Select(number => $"default/reader-{number}/client")];
    }

    public static async Task<SessionLoad> Open(string directory, int sessions)
    {
        var load = new SessionLoad(
            new ServiceCollection().AddLogging().AddSqliteHistory(directory).BuildServiceProvider(), sessions);
        await Task.WhenAll(load._sessions.Select(session => load._store.Open(session, "client", uint.MaxValue, null, isNew: true)));
        return load;
    }

    /// <summary>One message of a transient topic to every session.</summary>
    public Task<Measured> FanOut() =>
        Repeat(_sessions.Length, () => Append(1, _sessions.Select(session => To(session, 0))));

    /// <summary>So many messages to one session, which settles them before it gets more.</summary>
    public Task<Measured> Settle(int batch) =>
        Repeat(batch, async () =>
        {
            var numbers = await Append(batch, Enumerable.Range(0, batch).Select(message => To(_sessions[0], message)));
            await _store.Settle(_sessions[0], [.. numbers.Select(number => new Settlement(number, IsComplete: true))]);
        });

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private static Enqueue To(string session, int message) => new(session, message, Qos.AtLeastOnce, Retain: false, []);

    private static async Task<Measured> Repeat(int messages, Func<Task> step)
    {
        var waits = new List<double>();
        var started = Stopwatch.GetTimestamp();
        var last = started;
        do
        {
            await step();
            var now = Stopwatch.GetTimestamp();
            waits.Add(Stopwatch.GetElapsedTime(last, now).TotalMilliseconds);
            last = now;
        }
        while (Stopwatch.GetElapsedTime(started, last) < Baselines.RunTime);

        return Measured.Of((long)waits.Count * messages, Stopwatch.GetElapsedTime(started, last), waits);
    }

    private async Task<IReadOnlyList<long>> Append(int messages, IEnumerable<Enqueue> queued)
    {
        var message = new TelemetryMessage
        {
            Topic = "commands",
            Device = "users/1",
            Payload = Baselines.Payload,
            At = DateTimeOffset.UnixEpoch,
            ReceivedAt = DateTimeOffset.UnixEpoch,
            Qos = Qos.AtLeastOnce,
        };
        return await _history.Append(
            Topic, 1, [.. Enumerable.Repeat(message, messages)], new AppendEffects([.. queued], null, IsTransient: true));
    }
}

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite;

/// <summary>
/// What becomes durable with an append besides its readings: the topic's retained message, messages in queues, and packet
/// identifiers. All bytes are made with it, on the caller's thread: the writer's thread is for writing.
/// </summary>
internal sealed class AppendedEffects
{
    private const string AddReceived =
        "INSERT OR IGNORE INTO received (session, packet_id) SELECT id, ?2 FROM session WHERE key = ?1";

    // About what a packet identifier takes.
    private const int ReceivedBytes = 8;

    private readonly SessionQueues _queues;
    private readonly RetainedChange? _retained;
    private readonly (string Session, IReadOnlyList<ushort> PacketIds) _received;
    private readonly int _queued;

    // By session, so that each session's row is written once.
    private readonly Dictionary<string, Additions> _additions = new(StringComparer.Ordinal);

    /// <param name="queues">Where messages are queued.</param>
    /// <param name="topic">The topic's key.</param>
    /// <param name="messages">With their numbers.</param>
    /// <param name="effects">What the caller wants, or null for nothing besides a retained message.</param>
    public AppendedEffects(
        SessionQueues queues, string topic, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects)
    {
        _queues = queues;
        _received = effects?.Received ?? ("", []);
        _queued = effects?.Queued.Count ?? 0;

        // A message that is stored was retained with its first copy; since then another one may have been.
        var retained = messages.LastOrDefault(
            message => message.Retain && (effects is { IsTransient: true } || !message.IsStored));
        _retained = retained is null ? null : new RetainedChange(topic, retained);
        Size = (_retained?.Size ?? 0) + _received.PacketIds.Count * ReceivedBytes + AddQueued(messages, effects?.Queued ?? []);
    }

    public long Size { get; }

    /// <returns>The number of each queued message in its queue.</returns>
    public ImmutableArray<long> Apply(Connection connection)
    {
        _retained?.Apply(connection);
        foreach (var packetId in _received.PacketIds)
        {
            connection.Prepare(AddReceived).Bind(1, _received.Session).Bind(2, packetId).Run();
        }

        var numbers = new long[_queued];
        foreach (var (session, additions) in _additions)
        {
            var last = _queues.Add(connection, session, additions.Entries);
            for (var i = 0; last > 0 && i < additions.Indexes.Count; i++)
            {
                numbers[additions.Indexes[i]] = last - additions.Indexes.Count + i + 1;
            }
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(numbers);
    }

    /// <returns>What they weigh.</returns>
    private long AddQueued(IReadOnlyList<TelemetryMessage> messages, IReadOnlyList<Enqueue> queued)
    {
        long size = 0;
        var blobs = new byte[]?[messages.Count];
        for (var i = 0; i < queued.Count; i++)
        {
            var (session, message, qos, retain, subscriptionIds) = queued[i];
            var blob = blobs[message] ??= MessageBlob.Write(messages[message]);
            var entry = QueueEntry.Of(blob, qos, retain, subscriptionIds);
            ref var additions = ref CollectionsMarshal.GetValueRefOrAddDefault(_additions, session, out _);
            additions ??= new Additions();
            additions.Indexes.Add(i);
            additions.Entries.Add(entry);
            size += entry.Size;
        }

        return size;
    }

    /// <summary>What one session gets, and where the caller has it.</summary>
    private sealed class Additions
    {
        public List<int> Indexes { get; } = [];

        public List<QueueEntry> Entries { get; } = [];
    }
}

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OrleansIoT.Identity;
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

    private const string Retain =
        """
        INSERT INTO retained (topic, publisher, expires_at, message) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (topic) DO UPDATE
        SET publisher = excluded.publisher, expires_at = excluded.expires_at, message = excluded.message
        """;

    private const string RemoveRetained = "DELETE FROM retained WHERE topic = ?1";

    // About what a packet identifier takes.
    private const int ReceivedBytes = 8;

    private readonly SessionQueues _queues;
    private readonly string _topic;
    private readonly IReadOnlyList<TelemetryMessage> _messages;
    private readonly TelemetryMessage? _retained;
    private readonly byte[] _retainedBlob;
    private readonly (string Session, IReadOnlyList<ushort> PacketIds)? _received;
    private readonly int _queued;

    // By session, so that each session's row is written once.
    private readonly Dictionary<string, List<(int Index, QueueEntry Entry)>> _additions = new(StringComparer.Ordinal);

    /// <param name="queues">Where messages are queued.</param>
    /// <param name="topic">The topic's key.</param>
    /// <param name="messages">With their numbers.</param>
    /// <param name="effects">What the caller wants, or null for nothing besides a retained message.</param>
    public AppendedEffects(
        SessionQueues queues, string topic, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects)
    {
        _queues = queues;
        _topic = topic;
        _messages = messages;
        _received = effects?.Received;
        _queued = effects?.Queued.Count ?? 0;

        // A message that is stored was retained with its first copy; since then another one may have been.
        _retained = messages.LastOrDefault(message => message.Retain && (effects is { IsTransient: true } || !message.IsStored));
        _retainedBlob = _retained is { Payload.IsEmpty: false } ? MessageBlob.Write(_retained) : [];
        Size = _retainedBlob.Length + (_received?.PacketIds.Count ?? 0) * ReceivedBytes;
        if (effects is not null)
        {
            AddQueued(effects.Queued);
        }
    }

    public long Size { get; private set; }

    /// <returns>The number of each queued message in its queue.</returns>
    public ImmutableArray<long> Apply(Connection connection)
    {
        ApplyRetained(connection);
        foreach (var packetId in _received?.PacketIds ?? [])
        {
            connection.Prepare(AddReceived).Bind(1, _received!.Value.Session).Bind(2, packetId).Run();
        }

        var numbers = new long[_queued];
        foreach (var (session, additions) in _additions)
        {
            var last = _queues.Add(connection, session, [.. additions.Select(addition => addition.Entry)]);
            for (var i = 0; last > 0 && i < additions.Count; i++)
            {
                numbers[additions[i].Index] = last - additions.Count + i + 1;
            }
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(numbers);
    }

    private void AddQueued(IReadOnlyList<Enqueue> queued)
    {
        var blobs = new byte[]?[_messages.Count];
        for (var i = 0; i < queued.Count; i++)
        {
            var (session, message, qos, retain, subscriptionIds) = queued[i];
            var blob = blobs[message] ??= MessageBlob.Write(_messages[message]);
            var entry = new QueueEntry(blob, qos, retain, subscriptionIds);
            ref var additions = ref CollectionsMarshal.GetValueRefOrAddDefault(_additions, session, out _);
            (additions ??= []).Add((i, entry));
            Size += entry.Size;
        }
    }

    private void ApplyRetained(Connection connection)
    {
        if (_retained is null)
        {
            return;
        }

        if (_retained.Payload.IsEmpty)
        {
            connection.Prepare(RemoveRetained).Bind(1, _topic).Run();
            return;
        }

        var publisher = new GrainKey(GrainKey.Parse(_topic).Tenant, _retained.Device).ToString();
        using var retain = connection.Prepare(Retain).Bind(1, _topic).Bind(2, publisher).Bind(4, _retainedBlob);
        retain.Bind(3, _retained.Properties?.ExpiresAfter is null ? null : _retained.ExpiresAt).Run();
    }
}

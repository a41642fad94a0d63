using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// The messages that wait for a client and stand in no durable queue: bounded, and dropping its own oldest, first those of
/// QoS 0. They leave in their order; while nothing may be sent that wants an answer, QoS 0 goes ahead (the order counts
/// within a QoS only [MQTT-4.6.0-6]). For one thread at a time.
/// </summary>
internal sealed class OutboxMemory(int messages, long bytes)
{
    /// <summary>A queue that has been longer gives its memory back when it is empty.</summary>
    private const int KeptCapacity = 16;

    private Queue<Waiting>? _unanswered;
    private Queue<Waiting>? _answered;
    private long _place;
    private long _bytes;

    public long Dropped { get; private set; }

    /// <summary>There is room for what can wait elsewhere.</summary>
    public bool IsHalfEmpty => Count <= messages / 2 && _bytes <= bytes / 2;

    private int Count => (_unanswered?.Count ?? 0) + (_answered?.Count ?? 0);

    public void Add(in Outbound message)
    {
        _bytes += message.Size;
        ref var queue = ref QueueOf(message.Qos);
        (queue ??= new Queue<Waiting>(4)).Enqueue(new Waiting(_place++, message));
        while (Count > messages || (_bytes > bytes && Count > 1))
        {
            _bytes -= (_unanswered is { Count: > 0 } ? _unanswered : _answered!).Dequeue().Message.Size;
            Dropped++;
        }
    }

    /// <summary>What is to be sent next, if there is any.</summary>
    public bool TryTake(bool mayBeAnswered, [MaybeNullWhen(false)] out Outbound message)
    {
        var isThere = TryPlace(_unanswered, out var unanswered);
        var isAnsweredThere = TryPlace(_answered, out var answered) && mayBeAnswered;
        if (!isThere && !isAnsweredThere)
        {
            message = default;
            return false;
        }

        ref var queue = ref (isThere && !(isAnsweredThere && answered < unanswered) ? ref _unanswered : ref _answered);
        message = queue!.Dequeue().Message;
        _bytes -= message.Size;
        if (queue.Count == 0 && queue.Capacity > KeptCapacity)
        {
            queue = null;
        }

        return true;
    }

    private static bool TryPlace(Queue<Waiting>? queue, out long place)
    {
        place = 0;
        if (queue is null || !queue.TryPeek(out var first))
        {
            return false;
        }

        place = first.Place;
        return true;
    }

    private ref Queue<Waiting>? QueueOf(Qos qos)
    {
        if (qos == Qos.AtMostOnce)
        {
            return ref _unanswered;
        }

        return ref _answered;
    }

    private readonly record struct Waiting(long Place, Outbound Message);
}

using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// The durable queue of a session as its connection sees it: the next few messages, and how far the queue goes beyond
/// them. What is delivered while it keeps pace is taken at once; who falls behind fetches. Numbers may be delivered out of
/// order, because topics deliver beside one another, but those of one topic are not: where one is missing it is fetched, and
/// what is fetched is complete. For one thread at a time.
/// </summary>
/// <param name="last">The last number of the queue when the connection began.</param>
internal sealed class OutboxBacklog(long last)
{
    private const int MostAhead = 100;
    private const int MostBytesAhead = 256 * 1024;

    /// <summary>So many numbers behind a gap are remembered, and then it is looked up what became of the gap.</summary>
    private const int MostBeyond = 1_000;

    private Queue<QueuedMessage>? _ahead;
    private HashSet<long>? _beyond;
    private long _bytes;
    private long _last = last;
    private long _asked;
    private int _count = MostAhead;

    /// <summary>Everything up to here has been taken or is gone; <see cref="_beyond"/> has been taken too.</summary>
    private long _taken;
    private bool _isBehind = last > 0;
    private bool _isFetching;

    public bool TryPeek([NotNullWhen(true)] out QueuedMessage? message)
    {
        message = null;
        return _ahead?.TryPeek(out message) is true;
    }

    public void Remove()
    {
        _bytes -= SizeOf(_ahead!.Dequeue());
        if (_ahead.Count == 0)
        {
            _ahead = null; // most sessions have nothing to wait for most of the time
        }
    }

    /// <summary>A message is delivered.</summary>
    /// <param name="after">What it must not overtake; see <see cref="Addressed.After"/>.</param>
    public void Add(QueuedMessage message, long after)
    {
        if (message.Number <= _taken || _beyond?.Contains(message.Number) is true)
        {
            return; // it was fetched
        }

        if (_isBehind || Overtakes(message.Number, after) || _ahead?.Count >= MostAhead || _bytes >= MostBytesAhead || _beyond?.Count >= MostBeyond)
        {
            Grow(message.Number);
            return;
        }

        _last = Math.Max(_last, message.Number);
        if (message.Number == _taken + 1)
        {
            _taken++;
            CloseGap();
        }
        else
        {
            (_beyond ??= []).Add(message.Number);
        }

        Take(message);
    }

    /// <summary>The queue reaches to this number.</summary>
    public void Grow(long number)
    {
        _last = Math.Max(_last, number);
        _isBehind |= _taken < number;
    }

    /// <summary>Something may have been lost on the way here.</summary>
    public void Suspect() => _isBehind = true;

    /// <summary>Whether it is time to fetch. Then <see cref="Fetched"/> follows.</summary>
    public bool TryFetch(out long after, out int count)
    {
        (after, count) = (_taken, _count);
        if (!_isBehind || _isFetching || _ahead?.Count > MostAhead / 2 || _bytes > MostBytesAhead / 2)
        {
            return false;
        }

        _isFetching = true;
        _asked = _last;
        return true;
    }

    /// <param name="page">The messages behind the number that was asked for; empty when there are none.</param>
    public void Fetched(ImmutableArray<QueuedMessage> page)
    {
        _isFetching = false;
        _count = Math.Min(_count * 2, MostAhead);
        if (page.IsEmpty)
        {
            _taken = Math.Max(_taken, _asked);
        }

        for (var i = 0; i < page.Length; i++)
        {
            if (_bytes >= MostBytesAhead)
            {
                _count = Math.Max(1, i); // what is left is fetched again, and next time not so much
                break;
            }

            _taken = page[i].Number;
            if (_beyond?.Contains(_taken) is not true)
            {
                Take(page[i]);
            }
        }

        _beyond?.RemoveWhere(number => number <= _taken);
        CloseGap();
        _isBehind = _taken < _last;
    }

    private bool Overtakes(long number, long after) =>
        number > _taken + 1 && (after == 0 || (after > _taken && _beyond?.Contains(after) is not true));

    private void Take(QueuedMessage message)
    {
        (_ahead ??= new Queue<QueuedMessage>()).Enqueue(message);
        _bytes += SizeOf(message);
    }

    private void CloseGap()
    {
        while (_beyond?.Remove(_taken + 1) is true)
        {
            _taken++;
        }
    }

    private static long SizeOf(QueuedMessage message) => message.Message is null ? 0 : Outbound.SizeOf(message.Message);
}

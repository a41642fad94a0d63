namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>The activations of one key of a stateless worker.</summary>
internal sealed class Workers(GrainClass grainClass, string key)
{
    private readonly Activation?[] _workers = new Activation?[grainClass.MaxWorkers];
    private uint _turn;

    internal IEnumerable<Activation> Activations => _workers.OfType<Activation>();

    /// <summary>To a worker that is free, else to a new one, else to each in turn.</summary>
    internal void Deliver(Request request)
    {
        var spin = new SpinWait();
        while (!(ToFree(request) || ToNew(request) || ToNext(request)))
        {
            spin.SpinOnce();
        }
    }

    internal void Remove(Activation worker)
    {
        for (var i = 0; i < _workers.Length; i++)
        {
            Interlocked.CompareExchange(ref _workers[i], null, worker);
        }
    }

    private bool ToFree(Request request)
    {
        foreach (ref var worker in _workers.AsSpan())
        {
            if (Volatile.Read(ref worker) is { SeemsFree: true } free && free.TryEnqueue(request))
            {
                return true;
            }
        }

        return false;
    }

    private bool ToNew(Request request)
    {
        foreach (ref var worker in _workers.AsSpan())
        {
            if (Volatile.Read(ref worker) is null)
            {
                var made = new Activation(grainClass, key);
                if (Interlocked.CompareExchange(ref worker, made, null) is null)
                {
                    return made.TryEnqueue(request);
                }
            }
        }

        return false;
    }

    private bool ToNext(Request request)
    {
        var index = Interlocked.Increment(ref _turn) % (uint)_workers.Length;
        return Volatile.Read(ref _workers[index])?.TryEnqueue(request) == true;
    }
}

using System.Diagnostics;
using OrleansIoT.Load.Clients;

namespace OrleansIoT.Load.Wire;

/// <summary>All connections of a scenario, and the one thread that serves them: whoever calls <see cref="RunUntil"/>.</summary>
internal sealed class Loop : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private readonly Epoll _epoll = new();
    private readonly List<Client> _clients = [];

    /// <summary>What has just been received; a client keeps only what is left of a packet that is not complete.</summary>
    public byte[] Input { get; } = new byte[256 * 1024];

    public int Register(Client client, nint socket)
    {
        _clients.Add(client);
        _epoll.Add(socket, _clients.Count - 1, Epoll.Interest.Read);
        return _clients.Count - 1;
    }

    public void ListenToWrites(int token, nint socket, bool listen) =>
        _epoll.Change(socket, token, listen ? Epoll.Interest.Read | Epoll.Interest.Write : Epoll.Interest.Read);

    public void Unregister(nint socket) => _epoll.Remove(socket);

    public void RunFor(TimeSpan time)
    {
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < time)
        {
            RunOnce();
        }
    }

    /// <exception cref="LoadException">It is not done in time.</exception>
    public void RunUntil(Func<bool> done, TimeSpan limit, string waitingFor)
    {
        var since = Stopwatch.GetTimestamp();
        while (!done())
        {
            if (Stopwatch.GetElapsedTime(since) > limit)
            {
                throw new LoadException($"after {limit.TotalSeconds:F0} s it still waited for {waitingFor}");
            }

            RunOnce();
        }
    }

    public void RunOnce() => RunOnce(Beat);

    /// <param name="atMost">How long to wait if nobody has anything to say.</param>
    public void RunOnce(TimeSpan atMost)
    {
        var count = _epoll.Wait(atMost);
        for (var i = 0; i < count; i++)
        {
            var (token, isWritable) = _epoll.Ready(i);
            _clients[token].Serve(isWritable);
        }
    }

    public void Dispose()
    {
        _clients.ForEach(client => client.Dispose());
        _epoll.Dispose();
    }
}

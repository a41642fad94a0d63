using OrleansIoT.Failures;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

/// <summary>
/// The connections of a client that wait for their turn. A turn may take a second, as long as an edge that does not answer is
/// waited for, and clients give up and connect anew meanwhile: so of each client identifier only the newest counts, and only
/// while somebody waits for it. Otherwise each one would have to be taken over from by the next. Used in the turns of a grain.
/// </summary>
internal sealed class WaitingConnects(TimeProvider clock)
{
    /// <summary>Who has waited for its turn for so long has no client any more: they wait five to ten seconds for CONNACK.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (string ConnectionId, long Since)> _newest = [];

    /// <exception cref="FailureException">Conflict: the connection is no newer than one that waits.</exception>
    public void Add(ClientConnect connect)
    {
        if (connect.Since is not null && _newest.TryGetValue(connect.ClientId, out var newer) && newer.ConnectionId != connect.ConnectionId)
        {
            throw ConnectedAnew();
        }

        _newest[connect.ClientId] = (connect.ConnectionId, clock.GetTimestamp());
    }

    /// <summary>Another connection has its place.</summary>
    public static FailureException ConnectedAnew() => new(Failure.Conflict, "The client has connected anew.");

    /// <summary>It has its answer, or nobody wants it.</summary>
    public void Remove(string connectionId)
    {
        foreach (var (clientId, waiting) in _newest)
        {
            if (waiting.ConnectionId == connectionId)
            {
                _newest.Remove(clientId);
                return;
            }
        }
    }

    /// <exception cref="FailureException">Unavailable: it does not count.</exception>
    public void Demand(ClientConnect connect)
    {
        if (!_newest.TryGetValue(connect.ClientId, out var newest) || newest.ConnectionId != connect.ConnectionId)
        {
            throw new FailureException(Failure.Unavailable, "The client has given up, or connected anew.");
        }

        if (clock.GetElapsedTime(newest.Since) > Patience)
        {
            throw new FailureException(Failure.Unavailable, "The connection has waited for too long.");
        }
    }
}

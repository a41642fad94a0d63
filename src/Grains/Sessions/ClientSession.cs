using System.Collections.Immutable;
using OrleansIoT.Grains.Topics;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

/// <summary>What a client may do, and who it is when its will is published.</summary>
/// <param name="Publish">Grants, besides a device's own topics.</param>
/// <param name="Subscribe">Likewise.</param>
/// <param name="Caller">The client.</param>
public sealed record ClientRights(ImmutableArray<string> Publish, ImmutableArray<string> Subscribe, Caller Caller);

/// <summary>A connection that a session has now.</summary>
/// <param name="Id">Unique among all connections of all edges.</param>
/// <param name="Edge">Where it is.</param>
/// <param name="EdgeName">That by name, in a cluster.</param>
/// <param name="Since">When it began.</param>
/// <param name="CalledAs">By what its edge's calls name it.</param>
internal sealed record Connection(string Id, IEdge Edge, string EdgeName, DateTimeOffset Since, string CalledAs);

/// <summary>One session of a client, as its grain holds it: connected, or durable and away.</summary>
internal sealed class ClientSession(string clientId, bool isDurable, SessionRoute route)
{
    /// <summary>Session expiry of those that never end (MQTT 5.0 section 3.1.2.11.2).</summary>
    private const uint ForEver = uint.MaxValue;

    public string ClientId { get; } = clientId;

    public bool IsDurable { get; } = isDurable;

    public SessionRoute Route { get; } = route;

    /// <summary>What the last connection's credential allowed; null when it was another activation's.</summary>
    public ClientRights? Rights { get; private set; }

    public Connection? Connection { get; private set; }

    /// <summary>Since when it is connected, or away.</summary>
    public DateTimeOffset Since { get; private set; }

    public uint Expiry { get; private set; }

    /// <summary>The will of the connection, or one that is still to be published.</summary>
    public Will? Will { get; private set; }

    /// <summary>When the will is due; null while connected or without one.</summary>
    public DateTimeOffset? WillAt { get; private set; }

    /// <summary>When it ends; null while connected or for ever.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    /// <summary>The store knows it: it is durable, or has a will.</summary>
    public bool IsStored => IsDurable || Will is not null;

    /// <summary>The store has it as connected, though this activation has not begun its connection.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Complete when every topic of the cluster knows where its connection is.</summary>
    public Task Routed { get; set; } = Task.CompletedTask;

    /// <summary>What the end of its last connection writes.</summary>
    public Task Closed { get; set; } = Task.CompletedTask;

    /// <summary>The publication of the will and the deletion, while they run.</summary>
    public Task? Concluding { get; set; }

    /// <summary>Changes to its subscriptions come one after the other, in memory and in the store.</summary>
    public SemaphoreSlim Changes { get; } = new(1);

    public bool IsOver(DateTimeOffset now) => Connection is null && ExpiresAt <= now;

    public bool IsWillDue(DateTimeOffset now) => Will is not null && WillAt <= now;

    public void Begin(Connection connection, ClientRights rights, uint expiry, Will? will)
    {
        (Connection, Rights, Since) = (connection, rights, connection.Since);
        (Expiry, Will, WillAt, ExpiresAt, IsOpen) = (expiry, will, null, null, false);
    }

    /// <summary>The will is due when its delay has passed or the session ends, whichever is first [MQTT-3.1.3-9].</summary>
    /// <param name="now">The time.</param>
    /// <param name="publishesWill">Whether there is a will from here on.</param>
    /// <param name="expiry">How long the session lasts, in seconds.</param>
    /// <param name="grace">The least time until the will; a session lasts as long as its will waits.</param>
    public void End(DateTimeOffset now, bool publishesWill, uint expiry, TimeSpan grace = default)
    {
        (Connection, Since, Expiry, IsOpen) = (null, now, expiry, false);
        Will = publishesWill ? Will : null;
        WillAt = Will is null ? null : now + Longer(TimeSpan.FromSeconds(Math.Min(Will.Delay, expiry)), grace);
        ExpiresAt = expiry == ForEver ? null : now + Longer(TimeSpan.FromSeconds(expiry), Will is null ? default : grace);
    }

    /// <summary>As the store has it: away, or as another activation has left it.</summary>
    public void Restore(DateTimeOffset now, uint expiry, Will? will, DateTimeOffset? willAt, DateTimeOffset? expiresAt, bool isOpen = false) =>
        (Since, Expiry, Will, WillAt, ExpiresAt, IsOpen) = (now, expiry, will, willAt, expiresAt, isOpen);

    /// <summary>Somebody ends it before its time.</summary>
    public void EndNow(DateTimeOffset now)
    {
        ExpiresAt = now;
        WillAt = Will is null ? null : now;
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    public void ForgetWill() => (Will, WillAt) = (null, null);
}

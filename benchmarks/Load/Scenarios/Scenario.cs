using OrleansIoT.Load.Servers;

namespace OrleansIoT.Load.Scenarios;

/// <summary>One row of the table.</summary>
internal abstract class Scenario
{
    /// <summary>What the command line calls it.</summary>
    public abstract string Name { get; }

    /// <summary>What the table calls it.</summary>
    public abstract string Title { get; }

    public virtual string Unit => "/s";

    /// <summary>It is a question that layers of ours can be asked too: nothing is subscribed to, nothing is read.</summary>
    public virtual bool HasLayers => false;

    /// <summary>How many devices it needs.</summary>
    public abstract int Devices { get; }

    /// <exception cref="LoadException">The server did not do its part.</exception>
    public abstract Task<Measured> Run(Server server);
}

/// <summary>What one round has measured.</summary>
/// <param name="Amount">In the scenario's unit.</param>
/// <param name="Latencies">If it has any.</param>
/// <param name="ServerTime">The server's processor time for one of what was counted, if something was.</param>
/// <param name="Garbage">Bytes that the server has allocated for one of what was counted, if it can be asked.</param>
/// <param name="LoaderShare">How much of one processor the load itself took; near 1 it measures itself.</param>
/// <param name="WireBytes">Bytes between the processes of the server for one of what was counted, if that can be told.</param>
internal sealed record Measured(
    double Amount,
    Latencies? Latencies = null,
    TimeSpan? ServerTime = null,
    double? Garbage = null,
    double LoaderShare = 0,
    double? WireBytes = null);

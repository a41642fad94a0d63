using System.Collections.Immutable;

namespace OrleansIoT.Grains.Topics;

/// <summary>The silos of a cluster as this one sees them. Only an engine that has several of them has one of these.</summary>
public interface ISilos
{
    /// <summary>This silo; no other has ever had the same name.</summary>
    string Self { get; }

    /// <summary>Those that take calls, the oldest first.</summary>
    ImmutableArray<string> Active { get; }

    /// <summary>Whether the others have given it up; it may live on, and not know it yet.</summary>
    bool IsDead(string silo);
}

/// <summary>This silo, for those who connect to its grains.</summary>
/// <param name="Name">Empty where there is only one.</param>
public sealed record ThisSilo(string Name);

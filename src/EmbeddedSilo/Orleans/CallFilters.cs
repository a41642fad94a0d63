using System.Reflection;

namespace Orleans;

/// <summary>A call on its way.</summary>
public interface IGrainCallContext
{
    /// <summary>The grain on its own side, a reference to it on the caller's.</summary>
    object Grain { get; }

    /// <summary>The grain that calls; null when the caller is no grain.</summary>
    GrainId? SourceId { get; }

    GrainId TargetId { get; }

    /// <summary>The full name of the grain interface.</summary>
    string InterfaceName { get; }

    string MethodName { get; }

    MethodInfo InterfaceMethod { get; }

    /// <summary>What the caller gets, once <see cref="Invoke"/> is complete; a filter may replace it.</summary>
    object? Result { get; set; }

    /// <summary>Goes on with the next filter, or with the grain.</summary>
    Task Invoke();
}

public interface IIncomingGrainCallContext : IGrainCallContext
{
    MethodInfo ImplementationMethod { get; }

    IGrainContext TargetContext { get; }
}

public interface IOutgoingGrainCallContext : IGrainCallContext
{
    IGrainContext? SourceContext { get; }
}

/// <summary>
/// Stands before every call of every grain, timer ticks and reminders included, in the grain's turn. Registered in the
/// container in the order from the outermost; a grain class that is one itself comes last.
/// </summary>
public interface IIncomingGrainCallFilter
{
    Task Invoke(IIncomingGrainCallContext context);
}

/// <summary>Stands behind every call that leaves, on the caller's side.</summary>
public interface IOutgoingGrainCallFilter
{
    Task Invoke(IOutgoingGrainCallContext context);
}

using System.Reflection;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Topics;

/// <summary>
/// A silo of a cluster that was not heard for a while may be given up by the others, and its grains may have come to life among
/// them: what it remembers is not what there is. So it answers nothing until it is heard again, which it is not if it was given up.
/// The route table is what it is heard by, and what the table tells a silo is what it needs for that: neither can wait for it.
/// </summary>
public sealed class LeaseFilter(Routes routes) : IIncomingGrainCallFilter
{
    /// <summary>Less than whoever reads waits for an answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly Module Contracts = typeof(ITopicGrain).Module;

    /// <exception cref="Failures.FailureException">Unavailable: it was not heard in time.</exception>
    public Task Invoke(IIncomingGrainCallContext context) =>
        routes.IsHeard || context.InterfaceMethod.Module != Contracts || context.Grain is RouteTableGrain or IGrainObserver
            ? context.Invoke()
            : InvokeLater(context);

    private async Task InvokeLater(IIncomingGrainCallContext context)
    {
        await routes.BecomeHeard(Patience);
        await context.Invoke();
    }
}

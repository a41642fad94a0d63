using System.Reflection;
using Microsoft.Extensions.Logging;
using OrleansIoT.Certificates;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// Deny by default: no valid caller, no call of a contract of ours; and where the cluster has keys, no caller without a
/// proof. It stands before every call, so it allocates nothing.
/// What the engine says to grains in its own interfaces (membership, timers, reminders, cancellation) is not ours and passes.
/// </summary>
public sealed partial class CallerFilter(
    TimeProvider clock, GrainsMetrics metrics, ILogger<CallerFilter> logger, ClusterKeys? keys = null) : IIncomingGrainCallFilter
{
    private static readonly Module Contracts = typeof(IDeviceGrain).Module;

    private readonly LogLimit _log = new(clock);

    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.InterfaceMethod.Module != Contracts)
        {
            return context.Invoke();
        }

        if (keys?.Fault(Caller.Envelope) is { } fault)
        {
            Refuse(context.InterfaceName, fault);
        }

        if (Caller.Current is not { } caller)
        {
            throw new FailureException(Failure.NotSignedIn, "Sign in first.");
        }

        if (caller.ExpiresAt != DateTimeOffset.MaxValue && caller.ExpiresAt <= clock.GetUtcNow())
        {
            throw new FailureException(Failure.NotSignedIn, "The sign-in has expired. Sign in again.");
        }

        return context.Invoke();
    }

    /// <summary>The message says nothing about what was wrong, which only a forger would need to know.</summary>
    private void Refuse(string @interface, string fault)
    {
        metrics.EnvelopeRefused(fault);
        if (_log.MayLog(out var leftOut))
        {
            LogRefused(logger, @interface, fault, leftOut);
        }

        throw new FailureException(Failure.NotSignedIn, "Nothing proves who is calling.");
    }
}

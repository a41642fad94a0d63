using System.Reflection;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// Deny by default: no valid caller, no call of a contract of ours. It stands before every call, so it allocates nothing.
/// What the engine says to grains in its own interfaces (membership, timers, reminders, cancellation) is not ours and passes.
/// </summary>
public sealed class CallerFilter(TimeProvider clock) : IIncomingGrainCallFilter
{
    private static readonly Module Contracts = typeof(IDeviceGrain).Module;

    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.InterfaceMethod.Module != Contracts)
        {
            return context.Invoke();
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
}

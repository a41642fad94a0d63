using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// Deny by default: no valid caller, no grain of ours. It stands before every call, so it allocates nothing.
/// The engine's own grains (membership, reminders, storage) are not ours and pass.
/// </summary>
public sealed class CallerFilter(TimeProvider clock) : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.Grain?.GetType().Module != typeof(CallerFilter).Module)
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

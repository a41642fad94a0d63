using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Orleans.Networking.Shared;
using Orleans.Runtime.Messaging;
using Orleans.Storage;
using OrleansIoT.Certificates;
using OrleansIoT.Devices;
using OrleansIoT.Failures;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// What Orleans says when a call has no answer becomes what a caller can act on (ADR 0029). A call that was not delivered was
/// not done, so it is sent again until a silo has taken the place of the dead one, and is Unavailable if none does. A call
/// whose answer is lost may have been done: a grain knows what that means for it, everybody else has a <see cref="TimeoutException"/>.
/// Calls that are <see cref="OnceOnlyAttribute"/> are left to their callers, because a connection that breaks may reject what it has sent.
/// </summary>
public sealed partial class OutageFilter(TimeProvider clock, ILogger<OutageFilter> logger, SiloLosses? losses = null) : IOutgoingGrainCallFilter
{
    /// <summary>Says a silo that ends, or has just started, and knows for a moment of none that takes grains; it has no type of its own for that.</summary>
    private const string NoSilo = "No active nodes are compatible";

    private static readonly Module Contracts = typeof(IDeviceGrain).Module;

    /// <summary>As long as it takes to declare a silo dead; no longer than the call itself may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly LogLimit _log = new(clock);

    private readonly ConcurrentDictionary<MethodInfo, Care> _cares = [];

    /// <summary>What is done for a call.</summary>
    private enum Care
    {
        /// <summary>Nothing: it is not ours, or to an observer, which is told again, or not, by whoever tells it.</summary>
        None,

        /// <summary>It does not wait for an answer that is lost.</summary>
        Answer,

        /// <summary>That, and it is sent again, and its end is said in our words.</summary>
        All,
    }

    public Task Invoke(IOutgoingGrainCallContext context) => _cares.GetOrAdd(context.InterfaceMethod, static method => CareFor(method)) switch
    {
        Care.All => Call(context),
        Care.Answer => Answer(context),
        _ => context.Invoke(),
    };

    private static Care CareFor(MethodInfo method) =>
        method.Module != Contracts || typeof(IGrainObserver).IsAssignableFrom(method.DeclaringType) ? Care.None
        : method.IsDefined(typeof(OnceOnlyAttribute)) ? Care.Answer
        : Care.All;

    private Task Answer(IOutgoingGrainCallContext context)
    {
        var call = context.Invoke();
        return losses is null || call.IsCompleted ? call : losses.Watch(call);
    }

    private async Task Call(IOutgoingGrainCallContext context)
    {
        var began = clock.GetTimestamp();
        while (true)
        {
            try
            {
                await Answer(context);
                return;
            }
            catch (Exception e) when (IsUndelivered(e) && clock.GetElapsedTime(began) + Pause < PatienceOf(context.InterfaceMethod))
            {
                await Task.Delay(Pause, clock);
            }
            catch (OrleansException e) when (e.InnerException is FailureException failure)
            {
                // What the store said, which has logged it; the storage of grains wraps it.
                throw new FailureException(failure.Failure, failure.Message, e) { RetryAfter = failure.RetryAfter };
            }
            catch (Exception e) when (Meaning(e, isOfGrain: context.SourceContext is not null) is { } meant)
            {
                if (_log.MayLog(out var leftOut))
                {
                    LogOutage(logger, context.InterfaceName, context.MethodName, e.Message, leftOut);
                }

                throw meant;
            }
        }
    }

    /// <summary>It says "rejected", and nobody has begun with it.</summary>
    private static bool IsUndelivered(Exception e) =>
        e.GetType() == typeof(OrleansMessageRejectionException)
        || e is ConnectionFailedException or SocketConnectionException or GatewayTooBusyException
        || (e.GetType() == typeof(OrleansException) && e.Message.StartsWith(NoSilo, StringComparison.Ordinal));

    /// <returns>Null for what means what it says.</returns>
    private static Exception? Meaning(Exception e, bool isOfGrain) => e switch
    {
        _ when IsUndelivered(e) => new FailureException(Failure.Unavailable, "The silo that would answer cannot be reached. Try again.", e),

        // Another activation has written, and the one that found out has given way to it.
        InconsistentStateException => new FailureException(Failure.Unavailable, "It has changed elsewhere meanwhile. Try again.", e),
        ObjectDisposedException { ObjectName: "OutsideRuntimeClient" } => new FailureException(Failure.Unavailable, "This process is ending."),
        SiloUnavailableException or ConnectionAbortedException or ConnectionResetException or EndOfStreamException when !isOfGrain =>
            new TimeoutException("The silo that would have answered is no more.", e),
        _ => null,
    };

    private static TimeSpan PatienceOf(MethodInfo method) =>
        method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout is { } timeout && timeout < Patience ? timeout : Patience;

    [LoggerMessage(LogLevel.Warning, "{Interface}.{Method} has no answer: {Why}; before that {LeftOut} that are not logged")]
    private static partial void LogOutage(ILogger logger, string @interface, string method, string why, int leftOut);
}

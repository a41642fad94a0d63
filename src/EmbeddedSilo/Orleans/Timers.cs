using OrleansIoT.EmbeddedSilo.Engine;

namespace Orleans
{
    /// <summary>What every grain class can do, also one that does not derive from <see cref="Grain"/>.</summary>
    public static class GrainBaseExtensions
    {
        /// <summary>No further request starts; when the running ones are finished, the activation ends. Later requests go to a new one.</summary>
        public static void DeactivateOnIdle(this IGrainBase grain) => grain.GrainContext.Deactivate(
            new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The grain asked for it."));

        /// <summary>
        /// A timer that lives with the activation. The callback is a turn like a request's, beside others only when the
        /// options say <see cref="GrainTimerCreationOptions.Interleave"/>; the period begins when the callback has
        /// ended; one that throws is logged and the timer goes on. The token ends with the timer.
        /// </summary>
        public static IGrainTimer RegisterGrainTimer(
            this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
        {
            ArgumentNullException.ThrowIfNull(callback);
            return GrainTimer.Start(grain, callback, options);
        }

        public static IGrainTimer RegisterGrainTimer(
            this IGrainBase grain, Func<CancellationToken, Task> callback, TimeSpan dueTime, TimeSpan period) =>
            grain.RegisterGrainTimer(callback, new GrainTimerCreationOptions(dueTime, period));

        public static IGrainTimer RegisterGrainTimer(
            this IGrainBase grain, Func<Task> callback, GrainTimerCreationOptions options)
        {
            ArgumentNullException.ThrowIfNull(callback);
            return GrainTimer.Start(grain, _ => callback(), options);
        }

        public static IGrainTimer RegisterGrainTimer(
            this IGrainBase grain, Func<Task> callback, TimeSpan dueTime, TimeSpan period) =>
            grain.RegisterGrainTimer(callback, new GrainTimerCreationOptions(dueTime, period));

        public static IGrainTimer RegisterGrainTimer<TState>(
            this IGrainBase grain,
            Func<TState, CancellationToken, Task> callback,
            TState state,
            GrainTimerCreationOptions options)
        {
            ArgumentNullException.ThrowIfNull(callback);
            return GrainTimer.Start(grain, token => callback(state, token), options);
        }

        public static IGrainTimer RegisterGrainTimer<TState>(
            this IGrainBase grain,
            Func<TState, CancellationToken, Task> callback,
            TState state,
            TimeSpan dueTime,
            TimeSpan period) =>
            grain.RegisterGrainTimer(callback, state, new GrainTimerCreationOptions(dueTime, period));
    }
}

namespace Orleans.Runtime
{
    /// <summary>A grain's timer; disposing it stops it and cancels the token of a callback that runs.</summary>
    public interface IGrainTimer : IDisposable
    {
        /// <summary>From within the callback it takes effect when the callback has ended.</summary>
        void Change(TimeSpan dueTime, TimeSpan period);
    }

    public readonly struct GrainTimerCreationOptions
    {
        public GrainTimerCreationOptions()
        {
        }

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        {
            DueTime = dueTime;
            Period = period;
        }

        /// <summary>How long until the first tick; <see cref="Timeout.InfiniteTimeSpan"/> for never.</summary>
        public required TimeSpan DueTime { get; init; }

        /// <summary>How long from the end of a tick to the next; <see cref="Timeout.InfiniteTimeSpan"/> for one tick only.</summary>
        public required TimeSpan Period { get; init; }

        /// <summary>Ticks run beside requests, at awaits.</summary>
        public bool Interleave { get; init; }

        /// <summary>Ticks keep the activation from being collected.</summary>
        public bool KeepAlive { get; init; }
    }
}

using Microsoft.Extensions.Logging;

namespace OrleansIoT.EmbeddedSilo.Engine;

internal sealed partial class Silo
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{GrainId} could not be activated.")]
    internal partial void LogActivationFailed(Exception exception, GrainId grainId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The deactivation of {GrainId} failed; the activation has ended all the same.")]
    internal partial void LogDeactivationFailed(Exception exception, GrainId grainId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} of {GrainId} failed, and nobody waited for its answer.")]
    internal partial void LogOneWayFailed(Exception exception, GrainMethod method, GrainId grainId);

    [LoggerMessage(Level = LogLevel.Error, Message = "{GrainId}: code that nobody awaits threw.")]
    internal partial void LogUnhandled(Exception exception, GrainId grainId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{GrainId} found that its stored state had changed; the activation ends.")]
    internal partial void LogInconsistentState(Exception exception, GrainId grainId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The reminder {Name} of {GrainId} could not be delivered; it goes on with its next tick.")]
    internal partial void LogReminderFailed(Exception exception, string name, GrainId grainId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The reminder {Name} belongs to {GrainId}, and there is no such grain class; it is kept and does not tick.")]
    internal partial void LogReminderWithoutClass(string name, GrainId grainId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Calls still ran {Limit} after the silo began to stop; their callers were told that it is unavailable.")]
    private partial void LogDrainLimit(TimeSpan limit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} activations had not ended when the silo stopped.")]
    private partial void LogDeactivationLimit(int count);
}

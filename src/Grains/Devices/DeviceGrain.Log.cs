using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Devices;

public sealed partial class DeviceGrain
{
    [LoggerMessage(LogLevel.Information, "Device {Device} was registered by {Caller}")]
    private static partial void LogRegistered(ILogger logger, string device, string caller);

    [LoggerMessage(LogLevel.Information, "Device {Device} has a new key from {Caller}; the old one does not work any more")]
    private static partial void LogKeyRenewed(ILogger logger, string device, string caller);

    [LoggerMessage(LogLevel.Information, "Device {Device} was removed by {Caller}")]
    private static partial void LogRemoved(ILogger logger, string device, string caller);

    [LoggerMessage(LogLevel.Information, "Device {Device} was changed by {Caller}")]
    private static partial void LogChanged(ILogger logger, string device, string caller);

    [LoggerMessage(LogLevel.Warning, "That device {Device} has connected for the first time could not be stored; the next time it is tried again")]
    private static partial void LogNotMarked(ILogger logger, string device, Exception exception);
}

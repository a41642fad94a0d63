using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Devices;

public sealed partial class DeviceGrain
{
    [LoggerMessage(LogLevel.Error, "Device {Device}: readings of topic {Topic} could not be stored and are not acknowledged")]
    private static partial void LogAppendFailed(ILogger logger, string device, string topic, Exception exception);
}

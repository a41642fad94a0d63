using Microsoft.Extensions.Logging;

namespace OrleansIoT.History;

public sealed partial class DataDirectory
{
    [LoggerMessage(LogLevel.Warning,
        "The data directory {Path} is on a file system in memory: nothing in it survives a restart of the machine.")]
    private static partial void LogInMemory(ILogger log, string path);
}

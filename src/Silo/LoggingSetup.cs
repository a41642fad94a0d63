using Microsoft.Extensions.Configuration.Memory;

namespace OrleansIoT.Silo;

public static class LoggingSetup
{
    private static readonly Dictionary<string, LogLevel> Levels = new()
    {
        ["Microsoft"] = LogLevel.Warning,
        ["Microsoft.Extensions.Hosting.Internal.Host"] = LogLevel.Critical, // why it did not start, Program says in a line
        ["System"] = LogLevel.Warning,
        ["Orleans"] = LogLevel.Warning,
        ["Orleans.Runtime.Silo"] = LogLevel.Error, // warns at each start that this is no server GC, which is on purpose
        ["OrleansIoT"] = LogLevel.Information, // would else count as Orleans: a category is whatever begins like it
    };

    /// <summary>
    /// One line an event, with its time in UTC: what is ours from information on, what belongs to the platform from
    /// warnings on. The section <c>Logging</c> of the configuration says otherwise.
    /// </summary>
    public static void AddLogging(this WebApplicationBuilder builder)
    {
        // Beneath all other configuration: a filter set in code would outdo what the operator configures.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = Levels.Select(level => KeyValuePair.Create($"Logging:LogLevel:{level.Key}", (string?)level.Value.ToString())),
        });
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
    }
}

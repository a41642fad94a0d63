namespace OrleansIoT.Silo;

public static class LoggingSetup
{
    /// <summary>
    /// One line an event, with its time in UTC: what is ours from information on, what belongs to the platform from
    /// warnings on. The section <c>Logging</c> of the configuration says otherwise.
    /// </summary>
    public static void AddDefaults(this ILoggingBuilder logging) => logging
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("System", LogLevel.Warning)
        .AddFilter("Orleans", LogLevel.Warning)
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical) // why it did not start, Program says in a line
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
}

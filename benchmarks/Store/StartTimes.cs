using Microsoft.Extensions.Logging;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Hears from the log how long the steps of a start took.</summary>
internal sealed class StartTimes : ILoggerProvider, ILogger
{
    public TimeSpan Check { get; private set; }

    public TimeSpan Recovery { get; private set; }

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (state is IReadOnlyList<KeyValuePair<string, object?>> values
            && values.FirstOrDefault(value => value.Key == "Duration").Value is TimeSpan duration)
        {
            _ = eventId.Name == "LogChecked" ? Check = duration : Recovery = duration;
        }
    }

    public void Dispose()
    {
    }
}

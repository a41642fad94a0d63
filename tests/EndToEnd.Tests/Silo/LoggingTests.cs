using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Silo;

public sealed class LoggingTests
{
    [Theory]
    [InlineData("OrleansIoT.Silo.Demo.DemoFleet", LogLevel.Information)]
    [InlineData("Orleans.Runtime.Catalog", LogLevel.Warning)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Warning)]
    public async Task What_is_ours_is_logged_from_information_on_and_what_is_the_platforms_from_warnings_on(
        string category, LogLevel lowest)
    {
        await using var host = await IotHost.Start();
        Assert.Equal(lowest, LowestLevel(host, category));
    }

    [Theory]
    [InlineData("OrleansIoT", "OrleansIoT.Silo.Demo.DemoFleet")]
    [InlineData("Orleans", "Orleans.Runtime.Catalog")]
    [InlineData("Microsoft.AspNetCore", "Microsoft.AspNetCore.Server.Kestrel")]
    public async Task The_configuration_says_otherwise(string section, string category)
    {
        await using var host = await IotHost.Start(
            configure: builder => builder.Configuration[$"Logging:LogLevel:{section}"] = nameof(LogLevel.Critical));
        Assert.Equal(LogLevel.Critical, LowestLevel(host, category));
    }

    [Fact]
    public async Task A_start_prints_the_greeting_and_nothing_else()
    {
        await using var iot = await IotProcess.Start();
        Assert.Equal(["OrleansIoT", "Dashboard", "REST", "MQTT", "TLS", "WS", "Administrator", "Ready."], iot.Output.Select(FirstWord));
    }

    private static string FirstWord(string line) => line.TrimStart().Split(' ')[0];

    private static LogLevel LowestLevel(IotHost host, string category)
    {
        var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger(category);
        return Enum.GetValues<LogLevel>().First(logger.IsEnabled);
    }
}
